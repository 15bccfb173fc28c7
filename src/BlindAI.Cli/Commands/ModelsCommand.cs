using System.CommandLine;
using System.Globalization;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Cli.Commands;

/// <summary><c>blindai models</c>: what a verified server holds.</summary>
internal static class ModelsCommand
{
    public static Command Create(CliHost host, CommonOptions common) => new("models", "List, show, upload and delete models.")
    {
        CreateList(host, common),
        CreateShow(host, common),
        UploadCommand.Create(host, common),
        CreateDelete(host, common),
    };

    private static Command CreateList(CliHost host, CommonOptions common)
    {
        var command = new Command("list", "List the models of the namespace.");
        command.SetAction(async (arguments, cancellationToken) =>
        {
            await using var client = await common.ReadTarget(arguments, host).ConnectForDataAsync(host.Error, cancellationToken);
            var models = await client.ListModelsAsync(cancellationToken);
            if (arguments.GetValue(common.Json))
            {
                JsonOutput.Write(host.Out, models, ProtocolJson.Default.ModelList);
            }
            else
            {
                TextTable.Write(host.Out, ["NAME", "VERSIONS", "STATE", "SIZE", "DURABILITY", "DIGEST"], models.Details.Select(model => (string[])
                    [model.Name, string.Join(',', model.Versions), model.State, Printable.Bytes(model.Size), model.Durability, model.Digest]));
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static Command CreateShow(CliHost host, CommonOptions common)
    {
        var (name, version) = (ModelArguments.Name(), ModelArguments.Version("The version to show (default: the newest)."));
        var command = new Command("show", "Show what a model takes and gives, and its digest.") { name, version };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            await using var client = await common.ReadTarget(arguments, host).ConnectForDataAsync(host.Error, cancellationToken);
            var model = await client.GetModelAsync(arguments.GetValue(name)!, arguments.GetValue(version), cancellationToken);
            if (arguments.GetValue(common.Json))
            {
                JsonOutput.Write(host.Out, model, ProtocolJson.Default.ModelMetadata);
            }
            else
            {
                Show(host.Out, model);
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static Command CreateDelete(CliHost host, CommonOptions common)
    {
        var (name, version) = (ModelArguments.Name(), ModelArguments.Version("The only version to delete (default: all)."));
        var command = new Command("delete", "Delete a model, or one version of it.") { name, version };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var (model, only) = (arguments.GetValue(name)!, arguments.GetValue(version));
            await using var client = await common.ReadTarget(arguments, host).ConnectForDataAsync(host.Error, cancellationToken);
            await client.DeleteModelAsync(model, only, cancellationToken);
            if (arguments.GetValue(common.Json))
            {
                JsonOutput.Write(host.Out, writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteString("deleted", model);
                    if (only is { } number)
                    {
                        writer.WriteNumber("version", number);
                    }

                    writer.WriteEndObject();
                });
            }
            else
            {
                host.Out.WriteLine(only is null ? $"deleted {model}" : $"deleted version {only} of {model}");
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static void Show(TextWriter output, ModelMetadata model)
    {
        output.WriteLine(Printable.Clean($"{model.Name} version {model.Version.ToString(CultureInfo.InvariantCulture)} (versions: {string.Join(", ", model.Versions)})"));
        output.WriteLine(Printable.Clean($"  digest    {model.Digest}"));
        output.WriteLine(Printable.Clean($"  platform  {model.Platform}"));
        DerivedText.Write(output, model.Derived);
        Describe("input", model.Inputs);
        Describe("output", model.Outputs);

        void Describe(string role, IReadOnlyList<TensorDescription> tensors)
        {
            foreach (var tensor in tensors)
            {
                var optional = tensor.Parameters is { Optional: true } ? " (optional)" : "";
                output.WriteLine(Printable.Clean($"  {role,-10}{tensor.Name} {tensor.Datatype}[{string.Join(',', tensor.Shape)}]{optional}"));
            }
        }
    }
}
