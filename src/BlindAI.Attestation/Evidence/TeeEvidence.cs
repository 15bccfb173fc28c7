using System.Collections.Frozen;

namespace BlindAI.Attestation.Evidence;

/// <summary>What one TEE emitted: the signed bytes, and what came with them to judge them by.</summary>
public sealed class TeeEvidence
{
    /// <summary>Takes evidence of a type on the wire, such as <c>snp-report</c>.</summary>
    public TeeEvidence(string type, ReadOnlyMemory<byte> data, IReadOnlyDictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>>? endorsements = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(type);
        Type = type;
        Data = data;
        Endorsements = endorsements ?? FrozenDictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>>.Empty;
    }

    /// <summary>The type on the wire; it may be one that this build does not know.</summary>
    public string Type { get; }

    /// <summary>The bytes that the TEE signed, exactly as received.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Certificates, collateral and logs by name. Carried for convenience: a verifier checks every one again.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> Endorsements { get; }
}
