using BlindAI.Attestation;

namespace BlindAI.Server.Sealed;

/// <summary>The key configuration as clients get it: the exact <c>application/ohttp-keys</c> bytes, and what claim 7 says of them.</summary>
internal sealed class PublishedKeys(byte[] encoded)
{
    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Encoded => encoded;

    /// <summary>Their SHA-256.</summary>
    public Sha256Digest Digest { get; } = Sha256Digest.Of(encoded);
}
