using BlindAI.Attestation.Evidence;

namespace BlindAI.Client.Channel;

/// <summary>A verified enclave, with the age of its proof by this client's monotonic clock.</summary>
/// <param name="enclave">The enclave.</param>
/// <param name="verifiedAt">The clock's timestamp before the nonce was sent: the age is never understated.</param>
/// <param name="clock">This client's.</param>
internal abstract class EnclaveProof(VerifiedEnclave enclave, long verifiedAt, TimeProvider clock)
{
    private volatile bool _isWithdrawn;

    /// <summary>The enclave.</summary>
    public VerifiedEnclave Enclave { get; } = enclave;

    /// <summary>How old it is.</summary>
    public TimeSpan Age => clock.GetElapsedTime(verifiedAt);

    /// <summary>Whether a new connection may rest on it.</summary>
    public bool IsFresh => !_isWithdrawn && Age < Enclave.Lifetime;

    /// <summary>Whether requests may still rest on it while it is renewed: one lifetime more.</summary>
    public bool MayServe => !_isWithdrawn && Age < 2 * Enclave.Lifetime;

    /// <summary>Ends it: the enclave was refused when it was verified again.</summary>
    public void Withdraw() => _isWithdrawn = true;
}
