using System.Security.Cryptography;

namespace BlindAI.Attestation.Evidence;

/// <summary>Claims 5 and 6: ties evidence to one TLS connection, beyond its key.</summary>
/// <remarks>Source: docs/attestation.md, clause 2. The server takes the value from its own connection, never from a request.</remarks>
public sealed record ChannelBinder(ChannelBinderType Type, Sha256Digest Digest)
{
    private static ReadOnlySpan<byte> Label => "blindai-binder-1\0"u8;

    /// <summary>SHA-256("blindai-binder-1" 0x00 ‖ u8 type ‖ value).</summary>
    public static ChannelBinder Compute(ChannelBinderType type, ReadOnlySpan<byte> value)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Label);
        hash.AppendData([(byte)type]);
        hash.AppendData(value);
        return new(type, new Sha256Digest(hash.GetHashAndReset()));
    }
}
