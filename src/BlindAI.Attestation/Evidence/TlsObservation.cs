namespace BlindAI.Attestation.Evidence;

/// <summary>A connection whose TLS must end in the enclave: its key is the one that evidence must name.</summary>
public sealed record TlsObservation : ChannelObservation
{
    /// <summary>The certificate of this connection's handshake in DER.</summary>
    public required ReadOnlyMemory<byte> TlsCertificate { get; init; }

    /// <summary>The other certificates that the handshake brought, in DER.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> TlsIntermediates { get; init; } = [];

    /// <summary>The binder of this connection, where the platform gives one and it was asked for.</summary>
    public ChannelBinder? Binder { get; init; }
}
