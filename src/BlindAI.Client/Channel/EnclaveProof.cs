using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Client.Channel;

/// <summary>A verified enclave, with the age of its proof by this client's monotonic clock.</summary>
/// <param name="enclave">The enclave.</param>
/// <param name="verifiedAt">The clock's timestamp before the nonce was sent: the age is never understated.</param>
/// <param name="clock">This client's.</param>
/// <param name="standing">What it shares with the other proofs of the same key.</param>
internal abstract class EnclaveProof(VerifiedEnclave enclave, long verifiedAt, TimeProvider clock, KeyStanding standing)
{
    /// <summary>The enclave.</summary>
    public VerifiedEnclave Enclave { get; } = enclave;

    /// <summary>How old it is.</summary>
    public TimeSpan Age => clock.GetElapsedTime(verifiedAt);

    /// <summary>Whether a new connection may rest on it.</summary>
    public bool IsFresh => !standing.IsRefused && Age < Enclave.Lifetime;

    /// <summary>Whether requests may still rest on it while it is renewed: one lifetime more, and never beyond what it rests on itself.</summary>
    public bool MayServe => !standing.IsRefused && Age < 2 * Enclave.Lifetime && !(clock.GetUtcNow() > Enclave.ValidUntil);

    /// <summary>Lets nothing more be sent once the proof has ended.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EnclaveExpired"/>.</exception>
    public void RequireMayServe()
    {
        if (!MayServe)
        {
            throw new AttestationException(RejectionCode.EnclaveExpired, "The proof that this rests on has ended, so nothing more was sent.", "send the request again: it takes a new proof.");
        }
    }
}
