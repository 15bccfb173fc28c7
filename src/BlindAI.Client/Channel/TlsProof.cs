using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Client.Channel;

/// <summary>A verified enclave whose TLS key may be spoken to.</summary>
internal sealed class TlsProof(VerifiedEnclave enclave, long verifiedAt, TimeProvider clock, KeyStanding standing) : EnclaveProof(enclave, verifiedAt, clock, standing)
{
    /// <summary>The TLS key that it covers.</summary>
    public Sha256Digest TlsKey { get; } = enclave.TlsKey ?? throw new ArgumentException("The proof covers sealed requests, not a TLS key.", nameof(enclave));
}
