namespace BlindAI.Attestation.Policy;

/// <summary>Which SHA-256 digests are accepted: those listed, or knowingly any.</summary>
public sealed class DigestRule
{
    private DigestRule(IReadOnlyList<HexValue>? digests) => Digests = digests;

    /// <summary>Accepts every digest, so proves nothing about it.</summary>
    public static DigestRule DangerouslyAny { get; } = new(null);

    /// <summary>The accepted digests, 32 bytes each; null when any is accepted.</summary>
    public IReadOnlyList<HexValue>? Digests { get; }

    /// <summary>Accepts these digests only: at least one, 32 bytes each.</summary>
    public static DigestRule OneOf(params IReadOnlyList<HexValue> digests) => new(PolicyGuard.HexList(digests, PolicySizes.Sha256));

    /// <summary>Whether the digest is accepted.</summary>
    public bool Accepts(ReadOnlySpan<byte> digest) => Digests is null || Digests.Contains(digest);
}
