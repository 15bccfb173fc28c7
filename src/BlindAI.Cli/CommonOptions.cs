using System.CommandLine;
using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Policy;
using BlindAI.Client;
using BlindAI.Protocol.Models;

namespace BlindAI.Cli;

/// <summary>The options that several commands take: which server and what is accepted of it, where they connect, and everywhere how to answer.</summary>
internal sealed class CommonOptions
{
    public const string UrlVariable = "BLINDAI_URL";

    public const string PolicyVariable = "BLINDAI_POLICY";

    public const string ChannelVariable = "BLINDAI_CHANNEL";

    /// <summary>The service name of a simulation that was given no other.</summary>
    private const string SimulationService = "localhost";

    private readonly Option<string?> _url = new("--url")
    {
        Description = $"The server's attested port, such as https://risk.example.org:8443 (or {UrlVariable}).",
        HelpName = "URL",
        Recursive = true,
    };

    private readonly Option<string?> _policy = new("--policy")
    {
        Description = $"The policy file: which enclaves are accepted (or {PolicyVariable}).",
        HelpName = "FILE",
        Recursive = true,
    };

    private readonly Option<string?> _namespace = new("--namespace")
    {
        Description = "The namespace of models (default: default).",
        HelpName = "NAME",
        Recursive = true,
    };

    private readonly Option<string?> _channel = new("--channel")
    {
        Description = $"How requests reach the enclave: gated (each connection is proved; the default), pinned (for servers without the gate), sealed (behind a proxy that ends TLS); or {ChannelVariable}.",
        HelpName = "MODE",
        Recursive = true,
    };

    private readonly Option<bool> _padding = new("--pad")
    {
        Description = "With --channel sealed: hide the length of requests and answers in steps of powers of two.",
        Recursive = true,
    };

    private readonly Option<bool> _dangerouslyAllowSimulation = new("--dangerously-allow-simulation")
    {
        Description = "For development only, in place of a policy: accept a server that runs without a TEE and protects nothing.",
        Recursive = true,
    };

    /// <summary>Whether collateral is fetched, and where it is kept.</summary>
    public Option<string?> CollateralCache { get; } = new("--collateral-cache")
    {
        Description = "Fetch the vendor's collateral (TCB info, certificates, revocation lists) and keep it in this folder. Without it only what the evidence brings along counts.",
        HelpName = "DIR",
        Recursive = true,
    };

    /// <summary>Whether the answer is one JSON document.</summary>
    public Option<bool> Json { get; } = new("--json") { Description = "Print one JSON document on standard output, errors included.", Recursive = true };

    /// <summary>Gives the command, and those below it, the options of commands that connect to a server.</summary>
    public Command Connecting(Command command)
    {
        command.Options.Add(_url);
        command.Options.Add(_policy);
        command.Options.Add(_namespace);
        command.Options.Add(_channel);
        command.Options.Add(_padding);
        command.Options.Add(_dangerouslyAllowSimulation);
        command.Options.Add(CollateralCache);
        return command;
    }

    /// <summary>Reads which server is meant, and what is accepted of it.</summary>
    /// <exception cref="UsageException">No URL or a wrong one, a policy file that cannot be read, or two answers to what is accepted.</exception>
    /// <exception cref="Attestation.AttestationException">The policy is invalid.</exception>
    public ServerTarget ReadTarget(ParseResult arguments, CliHost host)
    {
        var url = ReadUrl(arguments.GetValue(_url) ?? NonEmpty(host.Variable(UrlVariable)));
        var channel = ReadChannel(arguments.GetValue(_channel) ?? NonEmpty(host.Variable(ChannelVariable)));
        var pads = arguments.GetValue(_padding);
        if (pads && channel != ChannelMode.Sealed)
        {
            throw new UsageException("--pad hides the length of sealed requests, and these are not.", "add --channel sealed, or leave it out.");
        }

        var options = new BlindAIClientOptions { TimeProvider = host.Clock, Collateral = ReadCollateral(arguments, host), Channel = channel, PadSealedRequests = pads };
        return new()
        {
            Url = url,
            Policy = ReadPolicy(arguments, host, url),
            Options = arguments.GetValue(_namespace) is { } name ? options with { Namespace = NamespaceName.Parse(name) } : options,
        };
    }

    /// <summary>What fetches collateral; null when that was not asked for.</summary>
    /// <exception cref="UsageException">The folder cannot be made.</exception>
    public CollateralClient? ReadCollateral(ParseResult arguments, CliHost host)
    {
        if (arguments.GetValue(CollateralCache) is not { } folder)
        {
            return null;
        }

        try
        {
            var options = host.Collateral with { Cache = new CollateralCache(folder), TimeProvider = host.Clock };
            return new CollateralClient(new HttpMessageInvoker(CollateralClient.CreateHandler()), options);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"The folder {folder} cannot be used for collateral.", "check the path of --collateral-cache and its permissions.");
        }
    }

    private AttestationPolicy? ReadPolicy(ParseResult arguments, CliHost host, Uri url)
    {
        var argument = arguments.GetValue(_policy);
        var file = argument ?? NonEmpty(host.Variable(PolicyVariable));
        if (!arguments.GetValue(_dangerouslyAllowSimulation))
        {
            return file is null ? null : LoadPolicy(file);
        }

        return file is null
            ? AttestationPolicy.DangerouslyAllowSimulation(url.IsLoopback ? SimulationService : url.IdnHost)
            : throw new UsageException($"--dangerously-allow-simulation stands in for an absent policy, and {(argument is null ? PolicyVariable : "--policy")} names one.",
                "keep one of the two; a policy can accept a simulation by its key.");
    }

    /// <summary>Loads a policy file.</summary>
    /// <exception cref="UsageException">The file cannot be read.</exception>
    /// <exception cref="Attestation.AttestationException">The policy is invalid.</exception>
    public static AttestationPolicy LoadPolicy(string file)
    {
        try
        {
            return AttestationPolicy.Load(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The policy file {file} cannot be read.", "check the path and its permissions.");
        }
    }

    private static Uri ReadUrl(string? text) =>
        text is null
            ? throw new UsageException("No server is named.", $"pass --url https://HOST:PORT, or set {UrlVariable}.")
            : Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttps && url.PathAndQuery == "/" && url.UserInfo.Length == 0 && url.Fragment.Length == 0
                ? url
                : throw new UsageException("The URL is not that of a server.", "write https://HOST:PORT, without a path.");

    private static ChannelMode ReadChannel(string? text) => text switch
    {
        null or "gated" => ChannelMode.Gated,
        "pinned" => ChannelMode.Pinned,
        "sealed" => ChannelMode.Sealed,
        _ => throw new UsageException("There is no such channel mode.", "--channel takes gated, pinned or sealed."),
    };

    private static string? NonEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
