using System.CommandLine;
using BlindAI.Protocol.Configuration;
using BlindAI.Protocol.Models;

namespace BlindAI.Cli.Commands;

/// <summary><c>blindai digest</c>: the digest of a model or of a trust configuration, computed from local files alone.</summary>
internal static class DigestCommand
{
    /// <summary>Most bytes of a configuration file: all settings with comments take a few KiB.</summary>
    private const int MaxConfigurationBytes = 1024 * 1024;

    public static Command Create(CliHost host, CommonOptions common)
    {
        var path = new Argument<string?>("path") { Description = "An ONNX file, or the folder of a bundle.", HelpName = "PATH", Arity = ArgumentArity.ZeroOrOne };
        var configuration = new Option<string?>("--configuration")
        {
            Description = "A server's configuration file: print the digest of the trust configuration that it makes.",
            HelpName = "FILE",
        };
        var command = new Command("digest", "Print the digest of a model, or of a server's trust configuration.") { path, configuration };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var asJson = arguments.GetValue(common.Json);
            switch (arguments.GetValue(path), arguments.GetValue(configuration))
            {
                case ({ } model, null): await DigestModelAsync(host, model, asJson, cancellationToken); break;
                case (null, { } file): DigestConfiguration(host, file, asJson); break;
                default: throw new UsageException("Either a model or a configuration has a digest.", "pass PATH, or --configuration FILE.");
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static async Task DigestModelAsync(CliHost host, string path, bool asJson, CancellationToken cancellationToken)
    {
        var folder = LocalFile.OpenModel(path);
        ModelManifest manifest;
        using (var progress = new ProgressLine(host, "digesting", folder.TotalBytes))
        {
            manifest = await folder.ComputeManifestAsync(progress, cancellationToken);
        }

        if (!asJson)
        {
            host.Out.WriteLine(manifest.Digest);
            return;
        }

        JsonOutput.Write(host.Out, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("digest", manifest.Digest.Value);
            writer.WriteStartArray("files");
            foreach (var file in manifest.Entries)
            {
                writer.WriteStartObject();
                writer.WriteString("path", file.Path.Value);
                writer.WriteNumber("size", file.Size);
                writer.WriteString("sha256", file.Sha256);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    private static void DigestConfiguration(CliHost host, string file, bool asJson)
    {
        var trust = Read(file).Trust;
        if (!asJson)
        {
            host.Out.WriteLine(trust.Digest);
            return;
        }

        JsonOutput.Write(host.Out, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("digest", trust.Digest.ToString());
            // A string, not an object: the digest is of exactly these characters.
            writer.WriteString("document", trust.Document);
            writer.WriteEndObject();
        });
    }

    private static ServerSettings Read(string file)
    {
        try
        {
            var entries = new ConfigurationEntries();
            entries.AddJson(LocalFile.Read(file, MaxConfigurationBytes), file);
            return ServerSettings.Read(entries);
        }
        catch (ConfigurationException exception)
        {
            throw new UsageException(exception.Message, "a server would not start with this file.");
        }
    }
}
