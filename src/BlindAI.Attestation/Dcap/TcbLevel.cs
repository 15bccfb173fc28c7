using System.Globalization;
using System.Text.Json;

namespace BlindAI.Attestation.Dcap;

/// <summary>Intel's word about one level: its status, its date, and the advisories that apply below the newest.</summary>
internal sealed record TcbJudgement(TcbStatus Status, DateTimeOffset Date, IReadOnlyList<string> Advisories)
{
    private const int MaxAdvisories = 256;

    /// <summary>Reads <c>tcbStatus</c>, <c>tcbDate</c> and <c>advisoryIDs</c> of a level.</summary>
    public static TcbJudgement Read(JsonElement level)
    {
        var word = level.GetProperty("tcbStatus").GetString();
        Reject.Unless(Enum.TryParse<TcbStatus>(word, ignoreCase: false, out var status) && Enum.GetName(status) == word, RejectionCode.ValueInvalid,
            "A TCB level has a status that this version does not know.");
        var advisories = level.TryGetProperty("advisoryIDs", out var ids) ? ids : default;
        Reject.Unless(advisories.ValueKind != JsonValueKind.Array || advisories.GetArrayLength() <= MaxAdvisories, RejectionCode.TooLarge, $"A TCB level has more than {MaxAdvisories} advisories.");
        return new(status, ReadTime(level.GetProperty("tcbDate")), advisories.ValueKind == JsonValueKind.Array ? [.. advisories.EnumerateArray().Select(id => id.GetString()!)] : []);
    }

    /// <summary>Reads a time as Intel writes it: ISO 8601, UTC, whole seconds.</summary>
    public static DateTimeOffset ReadTime(JsonElement value) =>
        DateTimeOffset.ParseExact(value.GetString()!, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
}

/// <summary>A level of the platform: the least version of every component that it asks for.</summary>
internal sealed record PlatformLevel(IReadOnlyList<byte> Sgx, ushort PceSvn, IReadOnlyList<byte>? Tdx, TcbJudgement Judgement);

/// <summary>A level of one piece of software: the least ISVSVN that it asks for.</summary>
internal sealed record IsvLevel(int IsvSvn, TcbJudgement Judgement)
{
    public static IReadOnlyList<IsvLevel> ReadList(JsonElement levels) =>
        [.. TcbInfo.Bounded(levels).Select(level => new IsvLevel(level.GetProperty("tcb").GetProperty("isvsvn").GetUInt16(), TcbJudgement.Read(level)))];

    /// <summary>The first level, in Intel's order, that a version reaches; null for none.</summary>
    public static TcbJudgement? Find(IReadOnlyList<IsvLevel> levels, int isvSvn) => levels.FirstOrDefault(level => isvSvn >= level.IsvSvn)?.Judgement;
}

/// <summary>What a TDX module must be: its signer, and the bits of its attributes under a mask.</summary>
internal sealed record ModuleIdentity(string Id, byte[] MrSigner, byte[] Attributes, byte[] AttributesMask, IReadOnlyList<IsvLevel> Levels);
