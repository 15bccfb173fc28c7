using System.CommandLine;
using BlindAI.Cli.Bench;
using BlindAI.Cli.Tensors;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Cli.Commands;

/// <summary><c>blindai bench</c>: loads a model of a verified server and measures the answers.</summary>
internal static class BenchCommand
{
    private const int DefaultConcurrency = 8;

    private const double DefaultSeconds = 10;

    public static Command Create(CliHost host, CommonOptions common)
    {
        var model = new Argument<string>("model") { Description = "The model's name.", HelpName = "MODEL" };
        var inputs = new Option<string[]>("--input")
        {
            Description = "An input tensor: name=FILE.npy, name=FILE.json or name='[..]'; once for each input. The others are made from the model's metadata.",
            HelpName = "NAME=VALUE",
            DefaultValueFactory = static _ => [],
        };
        var shapes = new Option<string[]>("--shape")
        {
            Description = "The shape of an input that is made, such as input_ids=1,128; without it, what varies is 1.",
            HelpName = "NAME=SHAPE",
            DefaultValueFactory = static _ => [],
        };
        var concurrency = ModelArguments.Number("--concurrency", "N", $"Most requests at once: 1 to 1024 (default: {DefaultConcurrency}).", 1, 1024, isWhole: true);
        var duration = ModelArguments.Number("--duration", "SECONDS", $"How long requests are begun, up to a day (default: {DefaultSeconds}).", 0.001, 86_400);
        var requests = ModelArguments.Number("--requests", "N", "How many requests to send, in place of --duration.", 1, 1e12, isWhole: true);
        var rate = ModelArguments.Number("--rate", "R", "Requests that arrive in a second, whether others are answered or not (default: the next when one is answered).", 0.001, 1e6);
        var warmUp = ModelArguments.Number("--warmup", "SECONDS", "How long requests are sent before those that count (default: 1).", 0, 3600);
        var version = ModelArguments.Version("The version to run (default: the newest).");
        var command = new Command("bench", "Send load to a model and measure its answers.") { model, inputs, shapes, concurrency, duration, requests, rate, warmUp, version };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var count = arguments.GetValue(requests);
            if (count is not null && arguments.GetValue(duration) is not null)
            {
                throw new UsageException("--requests and --duration both say when the test ends.", "keep one of the two.");
            }

            var plan = new LoadPlan
            {
                Concurrency = (int)(arguments.GetValue(concurrency) ?? DefaultConcurrency),
                Duration = count is null ? TimeSpan.FromSeconds(arguments.GetValue(duration) ?? DefaultSeconds) : null,
                Requests = (long?)count,
                Rate = arguments.GetValue(rate),
                WarmUp = TimeSpan.FromSeconds(arguments.GetValue(warmUp) ?? 1),
            };
            var (name, number) = (arguments.GetValue(model)!, arguments.GetValue(version));
            var (given, shapesGiven) = (InputArgument.ParseAll(arguments.GetValue(inputs)!), GeneratedInputs.ParseShapes(arguments.GetValue(shapes)!));
            var target = common.ReadTarget(arguments, host);
            target = target with { Options = target.Options with { MaxConnections = Math.Max(target.Options.MaxConnections, plan.Concurrency) } };
            await using var client = await target.ConnectForDataAsync(host.Error, cancellationToken);
            var tensors = await MakeAsync(await client.GetModelAsync(name, number, cancellationToken), given, shapesGiven);

            // The first answer shows that the request is one the model takes, before there are thousands of it.
            var first = await client.RunAsync(name, tensors, number, cancellationToken: cancellationToken);
            var test = new LoadTest(
                async stop => (await client.RunAsync(name, tensors, number, cancellationToken: stop)).Outputs.Sum(output => (long)output.Tensor.Data.Length), plan, host.Clock);
            LoadResult result;
            using (var progress = new ProgressLine(host, $"{Printable.Clean(name)}:", null))
            {
                result = await test.RunAsync(now => progress.Show(LoadReport.Line(now)), cancellationToken);
            }

            var sentBytes = tensors.Values.Sum(tensor => (long)tensor.Data.Length);
            Action<TextWriter, Client.Models.InferenceResult, LoadPlan, LoadResult, long> write = arguments.GetValue(common.Json) ? LoadReport.WriteJson : LoadReport.WriteText;
            write(host.Out, first, plan, result, sentBytes);
            return result.IsInterrupted ? ExitCode.Cancelled : result.Failed > 0 ? ExitCode.NotServed : ExitCode.Success;
        });
        return command;
    }

    private static async Task<Dictionary<string, Tensor>> MakeAsync(ModelMetadata model, IReadOnlyList<InputArgument> given, IReadOnlyDictionary<string, long[]> shapes)
    {
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var input in given)
        {
            tensors.Add(input.Name, await input.ReadAsync(() => Task.FromResult(model)));
        }

        if (shapes.Keys.FirstOrDefault(name => tensors.ContainsKey(name) || model.Inputs.All(input => input.Name != name)) is { } stray)
        {
            throw new UsageException($"--shape names \"{stray}\", which is no input that is made.", "leave it out, or give the shape in --input.");
        }

        // An input that has a default is made only where its shape is asked for.
        foreach (var input in model.Inputs.Where(input => !tensors.ContainsKey(input.Name) && (input.Parameters is not { Optional: true } || shapes.ContainsKey(input.Name))))
        {
            tensors.Add(input.Name, GeneratedInputs.Make(input, shapes.GetValueOrDefault(input.Name)));
        }

        return tensors;
    }
}
