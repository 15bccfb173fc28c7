using System.Collections.Frozen;
using BlindAI.Attestation.Simulation;

namespace BlindAI.Attestation.Evidence;

/// <summary>The registry of verifiers: a TEE joins by one line here.</summary>
public static class TeeVerifiers
{
    /// <summary>Every verifier of this build.</summary>
    public static IReadOnlyList<ITeeVerifier> All { get; } = [new SimulationVerifier()];

    private static readonly FrozenDictionary<TeeKind, ITeeVerifier> ByTee = All.ToFrozenDictionary(verifier => verifier.Tee);

    /// <summary>Finds the verifier of a TEE.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.TeeUnsupported"/>.</exception>
    public static ITeeVerifier For(TeeKind tee)
    {
        ArgumentNullException.ThrowIfNull(tee);
        return ByTee.TryGetValue(tee, out var verifier)
            ? verifier
            : throw new AttestationException(RejectionCode.TeeUnsupported, $"This build cannot verify evidence of {tee}.", "a newer client may be able to.");
    }
}
