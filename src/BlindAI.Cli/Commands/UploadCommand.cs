using System.CommandLine;
using BlindAI.Client.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Cli.Commands;

/// <summary><c>blindai models upload</c>: sends a model to a verified server, and to nothing else.</summary>
internal static class UploadCommand
{
    public static Command Create(CliHost host, CommonOptions common)
    {
        var path = new Argument<string>("path") { Description = "An ONNX file, or the folder of a bundle.", HelpName = "PATH" };
        var name = new Option<string>("--name") { Description = "The model's name on the server.", HelpName = "NAME", Required = true };
        var version = ModelArguments.Version("The version to create (default: the next).");
        var persist = new Option<bool?>("--persist")
        {
            Description = "Whether the model is sealed to disk and outlives the server (default: where the server can).",
            HelpName = "true|false",
            Arity = ArgumentArity.ExactlyOne,
        };
        var noLoad = new Option<bool>("--no-load") { Description = "Do not load the model now; its first request does." };
        var timeToLive = ModelArguments.TimeToLive();
        var precision = new Option<string>("--precision")
        {
            Description = "as-uploaded, or int8: matrix products run in 8-bit integers (default: as-uploaded).",
            HelpName = "FORM",
            DefaultValueFactory = static _ => "as-uploaded",
        };
        precision.AcceptOnlyFromAmong("as-uploaded", "int8");
        var command = new Command("upload", "Upload a model from an ONNX file or a bundle folder.") { path, name, version, persist, noLoad, timeToLive, precision };
        var scheduling = new SchedulingArguments(command);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var options = new UploadOptions
            {
                Version = arguments.GetValue(version),
                Persist = arguments.GetValue(persist),
                Load = !arguments.GetValue(noLoad),
                TimeToLive = arguments.GetValue(timeToLive),
                Precision = arguments.GetValue(precision) == "int8" ? UploadPrecision.Int8 : UploadPrecision.AsUploaded,
                Scheduling = scheduling.Read(arguments),
            };
            var folder = LocalFile.OpenModel(arguments.GetValue(path)!);   // a wrong path is told before anything is sent
            await using var client = await common.ReadTarget(arguments, host).ConnectForDataAsync(host.Error, cancellationToken);
            UploadAnswer answer;
            using (var progress = new ProgressLine(host, "uploading", folder.TotalBytes))
            {
                answer = await client.UploadModelAsync(arguments.GetValue(name)!, arguments.GetValue(path)!, options with { Progress = progress }, cancellationToken);
            }

            if (arguments.GetValue(common.Json))
            {
                JsonOutput.Write(host.Out, answer, ProtocolJson.Default.UploadAnswer);
            }
            else
            {
                Show(host.Out, answer);
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static void Show(TextWriter output, UploadAnswer answer)
    {
        output.WriteLine(Printable.Clean($"uploaded {answer.Name} version {answer.Version}, {Printable.Bytes(answer.Size)}"));
        output.WriteLine(Printable.Clean($"  digest      {answer.Digest}"));
        output.WriteLine(Printable.Clean($"  durability  {answer.Durability}"));
        output.WriteLine(Printable.Clean($"  scheduling  {answer.Batching ?? "not reported"}"));
        DerivedText.Write(output, answer.Derived);
    }
}
