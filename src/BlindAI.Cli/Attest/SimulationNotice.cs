using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Simulation;

namespace BlindAI.Cli.Attest;

/// <summary>Says what simulation does not prove, so that nobody takes it for hardware.</summary>
internal static class SimulationNotice
{
    /// <summary>The line that stands beside every answer of a simulation.</summary>
    public const string Watermark = "SIMULATION: this server protects nothing; whoever runs it can read all that is sent.";

    private static readonly string Rule = new('!', 78);

    private static readonly string[] NotProved =
    [
        "No hardware vouches for this server: there is none.",
        "Nothing is kept secret from whoever runs the server: they can read everything.",
        "Which code runs was not measured: it may be any code.",
    ];

    /// <summary>Whether the policy names the simulation's key; otherwise anybody's simulation would have been accepted.</summary>
    public static bool IsKeyPinned(VerifiedEnclave enclave) =>
        enclave.Policy.Accept.All(entry => entry is not SimulationPolicyEntry { Key.Digests: null });

    /// <summary>The warnings, one sentence each.</summary>
    public static IReadOnlyList<string> Of(VerifiedEnclave enclave) =>
    [
        .. NotProved,
        IsKeyPinned(enclave)
            ? "The simulation key is the one that your policy names: this is the simulation that you expect, and no more."
            : "The simulation key is NOT pinned: any simulation of anybody would be accepted. This protects nothing.",
        "Use simulation for development and tests only.",
    ];

    /// <summary>Writes the block that cannot be overlooked.</summary>
    public static void Write(VerifiedEnclave enclave, TextWriter output)
    {
        output.WriteLine(Rule);
        output.WriteLine("!! SIMULATION: this server protects NOTHING. It does NOT prove what hardware would:");
        foreach (var sentence in Of(enclave))
        {
            output.WriteLine($"!!   {sentence}");
        }

        output.WriteLine(Rule);
    }
}
