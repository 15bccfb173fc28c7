namespace BlindAI.Attestation.Evidence;

/// <summary>What the client itself sent and saw on the connection that brought the evidence; nothing here comes from the server's word.</summary>
/// <remarks>There are two kinds, and they prove two things: <see cref="TlsObservation"/> that TLS ends in the enclave, <see cref="SealedObservation"/> that sealed requests do.</remarks>
public abstract record ChannelObservation
{
    private protected ChannelObservation()
    {
    }

    /// <summary>The nonce that this client made for this exchange.</summary>
    public required Nonce Nonce { get; init; }

    /// <summary>The host name or address that was dialled.</summary>
    public required string Host { get; init; }
}
