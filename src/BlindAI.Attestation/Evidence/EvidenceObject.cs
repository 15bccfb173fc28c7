namespace BlindAI.Attestation.Evidence;

/// <summary>The answer to "prove yourself": claims, the evidence that signs them, and the keys that they name. Parsed, not believed.</summary>
/// <remarks>Source: docs/attestation.md, clause 3. JSON is <see cref="EvidenceObjectJson"/>, its CBOR twin <see cref="EvidenceObjectCbor"/>.</remarks>
public sealed record EvidenceObject
{
    /// <summary>The version on the wire.</summary>
    public const int Version = 1;

    /// <summary>Most bytes of an encoded evidence object that a parser reads.</summary>
    public const int MaxEncodedLength = 256 * 1024;

    /// <summary>Most entries of any list or map in an evidence object.</summary>
    public const int MaxEntries = 64;

    /// <summary>Deepest nesting of an encoded evidence object.</summary>
    public const int MaxDepth = 8;

    /// <summary>The exact claims bytes; parse them only after their digest has been compared.</summary>
    public required ReadOnlyMemory<byte> EncodedClaims { get; init; }

    /// <summary>One or more items; those of a type that the policy does not name are ignored.</summary>
    public required IReadOnlyList<TeeEvidence> Evidence { get; init; }

    /// <summary>The certificate chain of the TLS key in DER, leaf first; empty when not sent.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> TlsChain { get; init; } = [];

    /// <summary>The <c>application/ohttp-keys</c> bytes; must hash to claim 7.</summary>
    public ReadOnlyMemory<byte>? SealedRequestKeys { get; init; }

    /// <summary>The receipt key's SubjectPublicKeyInfo; must hash to claim 8.</summary>
    public ReadOnlyMemory<byte>? ReceiptKey { get; init; }

    /// <summary>The connection key's SubjectPublicKeyInfo; must hash to claim 15.</summary>
    public ReadOnlyMemory<byte>? ConnectionKey { get; init; }
}
