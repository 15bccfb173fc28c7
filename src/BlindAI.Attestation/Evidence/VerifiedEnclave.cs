using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Evidence;

/// <summary>The proof that an enclave was verified against a policy over this connection: the only thing a channel can be built from.</summary>
/// <remarks>
/// Made by <see cref="EnclaveVerifier"/> only. It says which one key may be spoken to, and for how long: the TLS key, or, where somebody ends TLS on the way,
/// the keys that requests are sealed to. Never both.
/// </remarks>
public sealed class VerifiedEnclave
{
    internal VerifiedEnclave(VerifiedEvidence evidence, Claims claims, Sha256Digest claimsDigest, AttestationPolicy policy, TimeSpan lifetime, IReadOnlyList<ProvedStep> steps)
    {
        Evidence = evidence;
        Claims = claims;
        ClaimsDigest = claimsDigest;
        Policy = policy;
        Lifetime = lifetime;
        Steps = steps;
    }

    /// <summary>The TEE that vouches.</summary>
    public TeeKind Tee => Evidence.Tee;

    /// <summary>What the TEE vouches for.</summary>
    public VerifiedEvidence Evidence { get; }

    /// <summary>What the enclave says about itself, under the TEE's signature.</summary>
    public Claims Claims { get; }

    /// <summary>SHA-256 of the claims as received.</summary>
    public Sha256Digest ClaimsDigest { get; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of the one TLS key that this proof covers; null where it covers <see cref="SealedRequestKeys"/>.</summary>
    public Sha256Digest? TlsKey => SealedRequestKeys is null ? Claims.TlsKey : null;

    /// <summary>The <c>application/ohttp-keys</c> that this proof covers; null where it covers <see cref="TlsKey"/>.</summary>
    public ReadOnlyMemory<byte>? SealedRequestKeys { get; internal init; }

    /// <summary>The SubjectPublicKeyInfo of the key that proves further connections (claim 15); null when the enclave has none.</summary>
    public ReadOnlyMemory<byte>? ConnectionKey { get; internal init; }

    /// <summary>The policy that was met.</summary>
    public AttestationPolicy Policy { get; }

    /// <summary>How long after its verification this proof may be used, by the client's own monotonic clock: the policy's time, or less where certificates or collateral end sooner.</summary>
    public TimeSpan Lifetime { get; }

    /// <summary>When the first of the policy, the certificates and the collateral that this proof rests on ends; null where none does.</summary>
    public DateTimeOffset? ValidUntil { get; internal init; }

    /// <summary>What was proved, in order, in words.</summary>
    public IReadOnlyList<ProvedStep> Steps { get; }
}
