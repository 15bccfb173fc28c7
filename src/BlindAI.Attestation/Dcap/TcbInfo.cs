using System.Globalization;
using System.Text.Json;

namespace BlindAI.Attestation.Dcap;

/// <summary>Intel's judgement of one platform family: read only after its signature held.</summary>
/// <remarks>Source: Intel PCS API v4, TCB info versions 2 and 3; docs/attestation.md, clause 9.</remarks>
internal sealed record TcbInfo
{
    private const int MaxLevels = 256;
    private const int ComponentCount = 16;
    private const int MrSignerLength = 48;
    private const int AttributesLength = 8;

    /// <summary>2 or 3.</summary>
    public required int Version { get; init; }

    /// <summary><c>SGX</c> or <c>TDX</c>; version 2 is about SGX alone.</summary>
    public required string Id { get; init; }

    public required byte[] Fmspc { get; init; }

    public required byte[] PceId { get; init; }

    public required DateTimeOffset IssueDate { get; init; }

    public required DateTimeOffset NextUpdate { get; init; }

    /// <summary>Which of Intel's judgements it is; newer ones have higher numbers.</summary>
    public required int EvaluationDataNumber { get; init; }

    /// <summary>From newest to oldest, as Intel orders them.</summary>
    public required IReadOnlyList<PlatformLevel> Levels { get; init; }

    /// <summary>What a TDX module of the first generation must be; null for SGX.</summary>
    public required ModuleIdentity? Module { get; init; }

    /// <summary>What TDX modules of later generations must be.</summary>
    public required IReadOnlyList<ModuleIdentity> ModuleIdentities { get; init; }

    /// <exception cref="AttestationException">The 1xx family, <see cref="RejectionCode.VersionUnsupported"/>.</exception>
    public static TcbInfo Read(JsonElement json)
    {
        var version = json.GetProperty("version").GetInt32();
        Reject.Unless(version is 2 or 3, RejectionCode.VersionUnsupported, $"The TCB info has version {version}; this version reads 2 and 3.");
        Reject.Unless(json.GetProperty("tcbType").GetInt32() == 0, RejectionCode.VersionUnsupported, "The TCB info compares versions in a way that this version does not know.");
        var id = version == 2 ? "SGX" : json.GetProperty("id").GetString()!;
        return new()
        {
            Version = version,
            Id = id,
            Fmspc = Hex(json.GetProperty("fmspc"), 6),
            PceId = Hex(json.GetProperty("pceId"), 2),
            IssueDate = TcbJudgement.ReadTime(json.GetProperty("issueDate")),
            NextUpdate = TcbJudgement.ReadTime(json.GetProperty("nextUpdate")),
            EvaluationDataNumber = json.GetProperty("tcbEvaluationDataNumber").GetInt32(),
            Levels = [.. Bounded(json.GetProperty("tcbLevels")).Select(level => ReadLevel(level, version, id))],
            Module = id == "TDX" ? ReadModule(json.GetProperty("tdxModule"), "") : null,
            ModuleIdentities = json.TryGetProperty("tdxModuleIdentities", out var identities)
                ? [.. Bounded(identities).Select(identity => ReadModule(identity, identity.GetProperty("id").GetString()!))]
                : [],
        };
    }

    /// <summary>The elements of a list that is not too long.</summary>
    public static IEnumerable<JsonElement> Bounded(JsonElement list)
    {
        Reject.Unless(list.GetArrayLength() <= MaxLevels, RejectionCode.TooLarge, $"A list of the collateral has more than {MaxLevels} entries.");
        return list.EnumerateArray();
    }

    /// <summary>Hexadecimal of a length, in either case: Intel changed it over the years.</summary>
    public static byte[] Hex(JsonElement value, int length)
    {
        var bytes = Convert.FromHexString(value.GetString()!);
        Reject.Unless(bytes.Length == length, RejectionCode.ValueInvalid, $"A value of the collateral has {bytes.Length} bytes, not {length}.");
        return bytes;
    }

    private static PlatformLevel ReadLevel(JsonElement level, int version, string id)
    {
        var tcb = level.GetProperty("tcb");
        return new(
            version == 2
                ? [.. Enumerable.Range(1, ComponentCount).Select(index => tcb.GetProperty(string.Create(CultureInfo.InvariantCulture, $"sgxtcbcomp{index:00}svn")).GetByte())]
                : ReadComponents(tcb.GetProperty("sgxtcbcomponents")),
            tcb.GetProperty("pcesvn").GetUInt16(),
            id == "TDX" ? ReadComponents(tcb.GetProperty("tdxtcbcomponents")) : null,
            TcbJudgement.Read(level));
    }

    private static byte[] ReadComponents(JsonElement components)
    {
        Reject.Unless(components.GetArrayLength() == ComponentCount, RejectionCode.ValueInvalid, $"A TCB level has {components.GetArrayLength()} components, not {ComponentCount}.");
        return [.. components.EnumerateArray().Select(component => component.GetProperty("svn").GetByte())];
    }

    private static ModuleIdentity ReadModule(JsonElement module, string id) => new(
        id,
        Hex(module.GetProperty("mrsigner"), MrSignerLength),
        Hex(module.GetProperty("attributes"), AttributesLength),
        Hex(module.GetProperty("attributesMask"), AttributesLength),
        module.TryGetProperty("tcbLevels", out var levels) ? IsvLevel.ReadList(levels) : []);
}
