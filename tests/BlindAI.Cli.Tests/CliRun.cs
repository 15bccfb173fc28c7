using System.Text.Json;
using BlindAI.Attestation.Collateral;
using BlindAI.Cli.Attest;

namespace BlindAI.Cli.Tests;

/// <summary>One run of the command in this process: its exit code and what it wrote.</summary>
internal sealed record CliRun(int Exit, string Out, string Error)
{
    /// <summary>The one JSON document of standard output.</summary>
    public JsonElement ReadJson()
    {
        using var document = JsonDocument.Parse(Out);
        return document.RootElement.Clone();
    }

    /// <summary>Whether the simulation's watermark stood in front of the errors.</summary>
    public Watermark IsMarked { get; init; } = new(false);

    public static Task<CliRun> OfAsync(params string[] arguments) => OfAsync(Pinned, arguments);

    /// <summary>A run that would fetch collateral from there.</summary>
    public static Task<CliRun> OfAsync(CollateralOptions collateral, params string[] arguments) => RunAsync(host => host with { Collateral = collateral, Variable = Pinned }, arguments);

    public static Task<CliRun> OfAsync(Func<string, string?> variable, params string[] arguments) => RunAsync(host => host with { Variable = name => variable(name) ?? Pinned(name) }, arguments);

    /// <summary>A run that is interrupted where the test says.</summary>
    public static Task<CliRun> OfAsync(CancellationToken interrupt, params string[] arguments) => RunAsync(host => host with { Variable = Pinned }, arguments, interrupt);

    /// <summary>A run that somebody watches.</summary>
    public static Task<CliRun> OnTerminalAsync(params string[] arguments) => RunAsync(host => host with { Variable = Pinned, IsErrorTerminal = true }, arguments);

    // The stand-in servers of these tests have no gate; what a user gets without a word about channels is in the end-to-end tests.
    private static string? Pinned(string name) => name == CommonOptions.ChannelVariable ? "pinned" : null;

    private static async Task<CliRun> RunAsync(Func<CliHost, CliHost> change, string[] arguments, CancellationToken? interrupt = null)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exit = await BlindAICommand.RunAsync(arguments, change(new CliHost { Out = output, Error = error }), interrupt ?? TestContext.Current.CancellationToken);

        // Every command that reached a simulation begins with the same line; RunCommandTests asserts it, and the others need not repeat it.
        var notes = error.ToString();
        var mark = SimulationNotice.Watermark + Environment.NewLine;
        var isMarked = notes.StartsWith(mark, StringComparison.Ordinal);
        return new(exit, output.ToString(), isMarked ? notes[mark.Length..] : notes) { IsMarked = new(isMarked) };
    }

    /// <summary>Equal to every other: two runs are compared by what they say beside the watermark.</summary>
    internal sealed class Watermark(bool isThere) : IEquatable<Watermark>
    {
        public bool IsThere => isThere;

        public bool Equals(Watermark? other) => other is not null;

        public override bool Equals(object? obj) => obj is Watermark;

        public override int GetHashCode() => 0;
    }
}
