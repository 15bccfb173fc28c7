using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Client.Channel;

/// <summary>A verified enclave whose TLS key may be spoken to, with the age of its proof by this client's monotonic clock.</summary>
/// <remarks>A proof that covers sealed requests instead makes none.</remarks>
internal sealed class TlsProof(VerifiedEnclave enclave, long verifiedAt, TimeProvider clock)
{
    private volatile bool _isWithdrawn;

    /// <summary>The enclave.</summary>
    public VerifiedEnclave Enclave { get; } = enclave;

    /// <summary>The TLS key that it covers.</summary>
    public Sha256Digest TlsKey { get; } = enclave.TlsKey ?? throw new ArgumentException("The proof covers sealed requests, not a TLS key.", nameof(enclave));

    /// <summary>How old it is: from before the nonce was sent, so never understated.</summary>
    public TimeSpan Age => clock.GetElapsedTime(verifiedAt);

    /// <summary>Whether a new connection may rest on it.</summary>
    public bool IsFresh => !_isWithdrawn && Age < Enclave.Lifetime;

    /// <summary>Whether a connection that rests on it may still carry requests: a new one needs a fresh proof, and serves one lifetime more.</summary>
    public bool MayServe => !_isWithdrawn && Age < 2 * Enclave.Lifetime;

    /// <summary>Ends it: the key was refused when it was verified again.</summary>
    public void Withdraw() => _isWithdrawn = true;
}
