using System.Collections.Frozen;
using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.Evidence.Certificates;
using BlindAI.Attestation.Nitro;
using BlindAI.Attestation.NvidiaGpu;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Sgx;
using BlindAI.Attestation.Simulation;
using BlindAI.Attestation.Tdx;

namespace BlindAI.Attestation.Evidence;

/// <summary>The registry of verifiers: a TEE joins by one line here.</summary>
public static class TeeVerifiers
{
    /// <summary>Every verifier of this build.</summary>
    public static IReadOnlyList<ITeeVerifier> All { get; } =
    [
        new SgxVerifier(),
        new TdxVerifier(),
        new SnpVerifier(),
        new NitroVerifier(),
        new NvidiaVerifier(),
        new AzureVerifier(),
        new SimulationVerifier(),
    ];

    private static readonly FrozenDictionary<TeeKind, ITeeVerifier> ByTee = All.ToFrozenDictionary(verifier => verifier.Tee);

    private static readonly FrozenDictionary<TeeKind, Func<TrustAnchors, ITeeVerifier>> ByTeeWithRoots = new Dictionary<TeeKind, Func<TrustAnchors, ITeeVerifier>>
    {
        [TeeKind.Sgx] = roots => new SgxVerifier(roots),
        [TeeKind.Tdx] = roots => new TdxVerifier(roots),
        [TeeKind.SevSnp] = roots => new SnpVerifier(roots),
        [TeeKind.Nitro] = roots => new NitroVerifier(roots),
        [TeeKind.NvidiaGpu] = roots => new NvidiaVerifier(roots),
        [TeeKind.AzureVtpm] = roots => new AzureVerifier(roots),
    }.ToFrozenDictionary();

    /// <summary>Finds the verifier of a TEE.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.TeeUnsupported"/>.</exception>
    public static ITeeVerifier For(TeeKind tee)
    {
        ArgumentNullException.ThrowIfNull(tee);
        return ByTee.TryGetValue(tee, out var verifier)
            ? verifier
            : throw new AttestationException(RejectionCode.TeeUnsupported, $"This build cannot verify evidence of {tee}.", "a newer client may be able to.");
    }

    /// <summary>A verifier that believes in other roots than the vendor's: for vendors' samples and for tests. What it verifies proves nothing about hardware.</summary>
    /// <param name="tee">The TEE.</param>
    /// <param name="roots">SHA-256 of the SubjectPublicKeyInfo of each root.</param>
    /// <exception cref="AttestationException"><see cref="RejectionCode.TeeUnsupported"/>: the TEE has no verifier, or none with roots.</exception>
    public static ITeeVerifier DangerouslyTrusting(TeeKind tee, params IReadOnlyList<Sha256Digest> roots)
    {
        ArgumentNullException.ThrowIfNull(tee);
        ArgumentNullException.ThrowIfNull(roots);
        return ByTeeWithRoots.TryGetValue(tee, out var create)
            ? create(new TrustAnchors([.. roots]))
            : throw new AttestationException(RejectionCode.TeeUnsupported, $"This build has no verifier of {tee} that takes roots.");
    }
}
