using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Protocol.Ohttp;

namespace BlindAI.Client.Channel;

/// <summary>A verified enclave to whose key requests may be sealed.</summary>
internal sealed class SealedProof(VerifiedEnclave enclave, long verifiedAt, TimeProvider clock, KeyStanding standing) : EnclaveProof(enclave, verifiedAt, clock, standing)
{
    /// <summary>The key that it covers: of those that can be used here, the one that the enclave prefers.</summary>
    public OhttpKeyConfiguration Key { get; } = Choose(enclave.SealedRequestKeys ?? throw new ArgumentException("The proof covers a TLS key, not sealed requests.", nameof(enclave)));

    private static OhttpKeyConfiguration Choose(ReadOnlyMemory<byte> keys)
    {
        try
        {
            return OhttpKeyConfiguration.Parse(keys.Span)[0];
        }
        catch (OhttpException exception)
        {
            throw new AttestationException(RejectionCode.SealedRequestsUnsupported, "The enclave has no key for sealed requests in a suite that this version has.",
                "use a newer version, or connect without a proxy that ends TLS.", exception);
        }
    }
}
