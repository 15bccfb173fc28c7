namespace BlindAI.Attestation.Evidence;

/// <summary>What the client itself sent and saw on the connection that brought the evidence; nothing here comes from the server's word.</summary>
public sealed record ChannelObservation
{
    /// <summary>The nonce that this client made for this exchange.</summary>
    public required Nonce Nonce { get; init; }

    /// <summary>The host name or address that was dialled.</summary>
    public required string Host { get; init; }

    /// <summary>The certificate of this connection's handshake in DER: its key is the one that evidence must name.</summary>
    public required ReadOnlyMemory<byte> TlsCertificate { get; init; }

    /// <summary>The other certificates that the handshake brought, in DER.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> TlsIntermediates { get; init; } = [];

    /// <summary>The binder of this connection, where the platform gives one and it was asked for.</summary>
    public ChannelBinder? Binder { get; init; }
}
