using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Evidence;

/// <summary>The proof that an enclave was verified against a policy over this connection: the only thing a channel can be built from.</summary>
/// <remarks>Made by <see cref="EnclaveVerifier"/> only. It says which TLS key may be spoken to, and for how long.</remarks>
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

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of the one TLS key that this proof covers.</summary>
    public Sha256Digest TlsKey => Claims.TlsKey;

    /// <summary>The policy that was met.</summary>
    public AttestationPolicy Policy { get; }

    /// <summary>How long after its verification this proof may be used, by the client's own monotonic clock: the policy's time, or less where certificates or collateral end sooner.</summary>
    public TimeSpan Lifetime { get; }

    /// <summary>What was proved, in order, in words.</summary>
    public IReadOnlyList<ProvedStep> Steps { get; }
}
