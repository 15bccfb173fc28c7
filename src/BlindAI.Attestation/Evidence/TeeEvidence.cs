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

    /// <summary>The same evidence with more endorsements; where both have a name, the new ones count.</summary>
    public TeeEvidence With(IReadOnlyDictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> endorsements)
    {
        ArgumentNullException.ThrowIfNull(endorsements);
        var all = Endorsements.ToDictionary(StringComparer.Ordinal);
        foreach (var (name, values) in endorsements)
        {
            all[name] = values;
        }

        return new(Type, Data, all);
    }

    /// <summary>The one value of an endorsement; null when it is not there.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.ValueInvalid"/>: there are several.</exception>
    internal ReadOnlyMemory<byte>? FindEndorsement(string name)
    {
        if (!Endorsements.TryGetValue(name, out var values) || values.Count == 0)
        {
            return null;
        }

        Reject.Unless(values.Count == 1, RejectionCode.ValueInvalid, $"The endorsement \"{name}\" has {values.Count} values, not one.");
        return values[0];
    }

    /// <exception cref="AttestationException"><see cref="RejectionCode.CollateralMissing"/>, <see cref="RejectionCode.ValueInvalid"/>.</exception>
    internal ReadOnlyMemory<byte> RequireEndorsement(string name) => FindEndorsement(name) ?? throw new AttestationException(
        RejectionCode.CollateralMissing, $"The collateral \"{name}\" is not there.", "fetch it, or ask the server to send it along.");
}
