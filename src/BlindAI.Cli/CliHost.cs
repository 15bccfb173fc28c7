using System.Text;
using BlindAI.Attestation.Collateral;

namespace BlindAI.Cli;

/// <summary>What a process gives its command: streams, variables and a clock. Commands touch nothing static, so tests run them in place.</summary>
internal sealed record CliHost
{
    /// <summary>Results: text, or with <c>--json</c> one JSON document.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Errors, warnings, notes and progress.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Whether somebody watches <see cref="Error"/>, so that progress is worth drawing.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>Reads an environment variable; null when it is not set.</summary>
    public Func<string, string?> Variable { get; init; } = static _ => null;

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Where collateral is fetched from, when fetching is asked for.</summary>
    public CollateralOptions Collateral { get; init; } = new();

    /// <summary>The real process. It writes UTF-8, which JSON demands, whatever the locale says.</summary>
    public static CliHost OfProcess()
    {
        Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return new()
        {
            Out = Console.Out,
            Error = Console.Error,
            IsErrorTerminal = !Console.IsErrorRedirected,
            Variable = Environment.GetEnvironmentVariable,
        };
    }
}
