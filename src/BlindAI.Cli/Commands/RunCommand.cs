using System.CommandLine;
using BlindAI.Cli.Tensors;
using BlindAI.Client;
using BlindAI.Client.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Cli.Commands;

/// <summary><c>blindai run</c>: runs a model of a verified server on tensors from files or from the command line.</summary>
internal static class RunCommand
{
    public static Command Create(CliHost host, CommonOptions common)
    {
        var model = new Argument<string>("model") { Description = "The model's name.", HelpName = "MODEL" };
        var inputs = new Option<string[]>("--input")
        {
            Description = "An input tensor: name=FILE.npy, name=FILE.json or name='[..]'; once for each input.",
            HelpName = "NAME=VALUE",
            DefaultValueFactory = static _ => [],
        };
        var outputs = new Option<string[]>("--output")
        {
            Description = "The outputs to return (default: all).",
            HelpName = "NAME",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = static _ => [],
        };
        var outputFolder = new Option<string?>("--output-dir") { Description = "Write each output to an .npy file in this folder.", HelpName = "FOLDER" };
        var version = ModelArguments.Version("The version to run (default: the newest).");
        var priority = ModelArguments.Number("--priority", "N", "The priority, 1 the highest, for models that have levels (default: the model's).", 1, 16, isWhole: true);
        var queueTimeout = ModelArguments.Number("--queue-timeout-ms", "N", "Longest wait for a free thread (default: the server's).", 1, 600_000, isWhole: true);
        var force = new Option<bool>("--force") { Description = "Replace files that exist." };
        var command = new Command("run", "Run a model on tensors.") { model, inputs, outputs, outputFolder, version, priority, queueTimeout, force };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var wishes = new RunOptions
            {
                Version = arguments.GetValue(version),
                Outputs = arguments.GetValue(outputs) is { Length: > 0 } names ? names : null,
                Priority = (int)(arguments.GetValue(priority) ?? 0),
                QueueTimeout = arguments.GetValue(queueTimeout) is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null,
            };
            var request = new Request(arguments.GetValue(model)!, InputArgument.ParseAll(arguments.GetValue(inputs)!), wishes);
            await using var client = await common.ReadTarget(arguments, host).ConnectForDataAsync(host.Error, cancellationToken);
            var result = await request.RunAsync(client, cancellationToken);
            var folder = arguments.GetValue(outputFolder) is { } path ? new OutputFolder(path, arguments.GetValue(force)) : null;
            List<string> files = folder is null ? [] : [.. result.Outputs.Select(folder.Write)];
            if (arguments.GetValue(common.Json))
            {
                WriteJson(host.Out, result, files);
            }
            else
            {
                WriteText(host.Out, result, files);
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static void WriteText(TextWriter output, InferenceResult result, List<string> files)
    {
        output.WriteLine(Printable.Clean($"{result.Model} version {result.Version} ({result.Digest?.Value ?? "no digest reported"})"));
        for (var index = 0; index < result.Outputs.Count; index++)
        {
            var (name, tensor) = result.Outputs[index];
            output.WriteLine(Printable.Clean($"{name} {tensor}: {TensorOutput.Preview(tensor)}"));
            if (files.Count > 0)
            {
                output.WriteLine($"  written to {files[index]}");
            }
        }
    }

    private static void WriteJson(TextWriter output, InferenceResult result, List<string> files) => JsonOutput.Write(output, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("model", result.Model);
        writer.WriteString("version", result.Version);
        writer.WriteString("digest", result.Digest?.Value);
        writer.WriteStartArray("outputs");
        for (var index = 0; index < result.Outputs.Count; index++)
        {
            var (name, tensor) = result.Outputs[index];
            var hasJsonForm = TensorOutput.HasJsonForm(tensor);
            if (!hasJsonForm && files.Count == 0)
            {
                throw new ServingException(ServingCode.NumberNotFinite, $"Output \"{name}\" has values that JSON cannot carry: NaN, an infinity, or bytes that are no text.");
            }

            writer.WriteStartObject();
            writer.WriteString("name", name);
            writer.WriteString("datatype", tensor.Datatype.WireName());
            writer.WriteStartArray("shape");
            foreach (var dimension in tensor.Shape.Dimensions)
            {
                writer.WriteNumberValue(dimension);
            }

            writer.WriteEndArray();
            writer.WritePropertyName("data");
            if (hasJsonForm)
            {
                TensorOutput.WriteJson(writer, tensor);
            }
            else
            {
                writer.WriteNullValue();
            }

            if (files.Count > 0)
            {
                writer.WriteString("file", files[index]);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private sealed record Request(string Model, IReadOnlyList<InputArgument> Inputs, RunOptions Options)
    {
        public async Task<InferenceResult> RunAsync(BlindAIClient client, CancellationToken cancellationToken)
        {
            Task<ModelMetadata>? metadata = null;
            var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
            foreach (var input in Inputs)
            {
                tensors.Add(input.Name, await input.ReadAsync(() => metadata ??= client.GetModelAsync(Model, Options.Version, cancellationToken)));
            }

            return await client.RunAsync(Model, tensors, Options, cancellationToken);
        }
    }
}
