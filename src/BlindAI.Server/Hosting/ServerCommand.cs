using System.Collections;
using BlindAI.Protocol.Configuration;

namespace BlindAI.Server.Hosting;

/// <summary>The server's command line: switches first, then settings as <c>--Section:Key=value</c>.</summary>
internal sealed record ServerCommand
{
    public const string Help = """
        blindai-server: a confidential AI inference server.

        Usage: blindai-server [--simulation] [--config FILE] [--Section:Key=value ...]

          --simulation      run without a TEE, for development: nothing is protected
          --config FILE     read settings from a JSON file (default: appsettings.json in the working directory, if it exists)
          --print-config    print the trust configuration and its digest (claim 11), and stop
          --print-telemetry print what would be sent to a collector of traces for one request, and stop
          --version         print the version, and stop
          --help            print this, and stop

        Settings come from the file, then BLINDAI_Section__Key variables, then the command line; docs/configuration.md lists them.
        """;

    private const string DefaultFile = "appsettings.json";

    public bool IsSimulation { get; private init; }

    public bool PrintsConfiguration { get; private init; }

    public bool PrintsTelemetry { get; private init; }

    public bool PrintsVersion { get; private init; }

    public bool PrintsHelp { get; private init; }

    public required ServerSettings Settings { get; init; }

    /// <exception cref="ConfigurationException">A switch, key or value is wrong.</exception>
    public static ServerCommand Parse(IReadOnlyList<string> arguments)
    {
        var switches = new HashSet<string>(StringComparer.Ordinal);
        var settings = new List<string>();
        string? file = null;
        for (var index = 0; index < arguments.Count; index++)
        {
            switch (arguments[index])
            {
                case "--simulation" or "--print-config" or "--print-telemetry" or "--version" or "--help" or "-h":
                    switches.Add(arguments[index]);
                    break;
                case "--config":
                    file = ++index < arguments.Count ? arguments[index] : throw new ConfigurationException("--config needs a file.");
                    break;
                case ['-', '-', .. var setting]:
                    settings.Add(setting);
                    break;
                default:
                    throw new ConfigurationException($"\"{arguments[index]}\" is neither a switch nor --Section:Key=value.");
            }
        }

        var isSimulation = switches.Contains("--simulation");
        var printsVersion = switches.Contains("--version");
        var printsHelp = switches.Contains("--help") || switches.Contains("-h");
        return new()
        {
            IsSimulation = isSimulation,
            PrintsConfiguration = switches.Contains("--print-config"),
            PrintsTelemetry = switches.Contains("--print-telemetry"),
            PrintsVersion = printsVersion,
            PrintsHelp = printsHelp,
            // Who asks for help is not told first that a variable is wrong.
            Settings = printsVersion || printsHelp ? new() : ReadSettings(file, settings, isSimulation),
        };
    }

    private static ServerSettings ReadSettings(string? file, List<string> settings, bool isSimulation)
    {
        var entries = new ConfigurationEntries();
        if (file is not null || File.Exists(DefaultFile))
        {
            entries.AddJson(ReadFile(file ?? DefaultFile), file ?? DefaultFile);
        }

        entries.AddEnvironment(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(variable => ((string)variable.Key, (string?)variable.Value ?? "")));
        settings.ForEach(entries.AddCommandLine);
        return ServerSettings.Read(entries, isSimulation);
    }

    private static byte[] ReadFile(string file)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The configuration file {file} cannot be read.");
        }
    }
}
