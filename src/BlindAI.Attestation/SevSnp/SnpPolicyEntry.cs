using System.Collections.ObjectModel;
using BlindAI.Attestation.NvidiaGpu;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.SevSnp;

/// <summary>What an SEV-SNP guest must prove: the fields of its attestation report and of the certificate that signs it.</summary>
/// <remarks>
/// Source: AMD publication 56860 (SEV-SNP Firmware ABI), ATTESTATION_REPORT. REPORT_DATA belongs to the channel and CHIP_ID to <c>machines</c>;
/// REPORT_ID is random; COMMITTED_TCB and CURRENT_TCB are never below REPORTED_TCB. None of them has a member here.
/// </remarks>
public sealed class SnpPolicyEntry : PolicyEntry
{
    private const int IdSize = 16;
    private const int HostDataSize = 32;
    private const int MitigationVectorSize = 8;
    internal const int MaxVmpl = 3;

    /// <inheritdoc/>
    public override TeeKind Tee => TeeKind.SevSnp;

    /// <summary>Accepted processors. Milan only when named.</summary>
    public required IReadOnlyList<SnpProduct> Products { get; init => field = PolicyGuard.List(value); }

    /// <summary>Accepted launch measurements, 48 bytes each.</summary>
    public required IReadOnlyList<HexValue> Measurements { get; init => field = PolicyGuard.HexList(value, PolicySizes.Sha384); }

    /// <summary>The privilege level that asked for the report: 0 to 3; 0 is the most privileged.</summary>
    public required int Vmpl { get; init => field = (int)PolicyGuard.InRange(value, 0, MaxVmpl); }

    /// <summary>The least REPORTED_TCB, for exactly the accepted products.</summary>
    public required IReadOnlyDictionary<SnpProduct, SnpTcb> MinimumTcb { get; init => field = Copy(value); }

    /// <summary>The least TCB at the guest's launch, for exactly the accepted products.</summary>
    public IReadOnlyDictionary<SnpProduct, SnpTcb>? MinimumLaunchTcb { get; init => field = value is null ? null : Copy(value); }

    /// <summary>The HOST_DATA that the host gave at launch, 32 bytes.</summary>
    public HexValue? HostData { get; init => field = PolicyGuard.Hex(value, HostDataSize); }

    /// <summary>The least GUEST_SVN.</summary>
    public uint? MinimumGuestSvn { get; init; }

    /// <summary>The FAMILY_ID of the ID block, 16 bytes.</summary>
    public HexValue? FamilyId { get; init => field = PolicyGuard.Hex(value, IdSize); }

    /// <summary>The IMAGE_ID of the ID block, 16 bytes.</summary>
    public HexValue? ImageId { get; init => field = PolicyGuard.Hex(value, IdSize); }

    /// <summary>Accepted ID_KEY_DIGESTs, SHA-384 of the key that signed the ID block.</summary>
    public IReadOnlyList<HexValue>? IdKeyDigests { get; init => field = PolicyGuard.HexList(value, PolicySizes.Sha384); }

    /// <summary>Accepted AUTHOR_KEY_DIGESTs, SHA-384 of the key that certified the ID key.</summary>
    public IReadOnlyList<HexValue>? AuthorKeyDigests { get; init => field = PolicyGuard.HexList(value, PolicySizes.Sha384); }

    /// <summary>Demanded bits of the guest POLICY. MIGRATE_MA is refused unless a rule says that it is on: a migration agent, which the host chooses, gets the guest's state.</summary>
    public BitRules<SnpPolicyBit>? GuestPolicy { get; init; }

    /// <summary>Demanded bits of PLATFORM_INFO.</summary>
    public BitRules<SnpPlatformInfoBit>? PlatformInfo { get; init; }

    /// <summary>The least COMMITTED firmware version, below which the platform cannot go back.</summary>
    public SnpVersion? MinimumFirmware { get; init; }

    /// <summary>The least VERSION of the report: 2 to 255. 3 adds the processor's CPUID, 5 the mitigation vectors.</summary>
    public int? MinimumReportVersion { get; init => field = (int?)PolicyGuard.InRange(value, 2, byte.MaxValue); }

    /// <summary>Bits of LAUNCH_MIT_VECTOR that must be set, as a 64-bit number, 8 bytes with the highest first.</summary>
    public HexValue? LaunchMitVector { get; init => field = PolicyGuard.Hex(value, MitigationVectorSize); }

    /// <summary>Bits of CURRENT_MIT_VECTOR that must be set, as a 64-bit number, 8 bytes with the highest first.</summary>
    public HexValue? CurrentMitVector { get; init => field = PolicyGuard.Hex(value, MitigationVectorSize); }

    /// <summary>Accepted kinds of signing key.</summary>
    public IReadOnlyList<SnpSigningKey>? SigningKeys { get; init => field = PolicyGuard.List(value); }

    /// <summary>Accepted cloud providers in a VLEK certificate, such as <c>CN=cc-us-east-2.amazonaws.com</c>.</summary>
    public IReadOnlyList<string>? CspIds { get; init => field = PolicyGuard.Texts(value); }

    /// <summary>Whether the report must hide the chip (MASK_CHIP_KEY).</summary>
    public bool? MaskChipKey { get; init; }

    /// <summary>Whether an author key must have certified the ID key (AUTHOR_KEY_EN).</summary>
    public bool? AuthorKeyEn { get; init; }

    /// <summary>Whether AMD's revocation list must have been there and checked; only true may be said.</summary>
    public bool? RequireCrl { get; init; }

    /// <summary>The GPU beside this CPU.</summary>
    public NvidiaPolicyEntry? Gpu { get; init; }

    internal override NvidiaPolicyEntry? DemandedGpu => Gpu;

    internal static SnpPolicyEntry Read(PolicyObject members) => ReadMembers(members, members.Optional("gpu"));

    /// <summary>Reads the part of an Azure entry: no <c>tee</c>, no <c>gpu</c>.</summary>
    internal static SnpPolicyEntry ReadPart(PolicyObject members) => ReadMembers(members, gpu: null);

    internal override void Describe(PolicyMembers members)
    {
        members.Word("tee", Tee.Name);
        DescribeMembers(members);
        members.Part("gpu", "A GPU, if the guest has one", Gpu is null ? null : Gpu.Describe);
    }

    internal void DescribeMembers(PolicyMembers members)
    {
        members.OneOf("products", "The processor generation", Products);
        members.OneOf("measurements", "The launch measurement (firmware, and kernel where the firmware measures it)", Measurements);
        members.Exactly("vmpl", "The privilege level that asked for the report", Vmpl);
        members.Part("minimumTcb", "The platform's firmware versions", DescribeTcb(MinimumTcb));
        members.Part("minimumLaunchTcb", "The platform's firmware versions at launch", MinimumLaunchTcb is null ? null : DescribeTcb(MinimumLaunchTcb));
        members.Exactly("hostData", "HOST_DATA, the data that the host gave at launch,", HostData);
        members.AtLeast("minimumGuestSvn", "The guest's own security version", MinimumGuestSvn);
        members.Exactly("familyId", "FAMILY_ID of the signed ID block", FamilyId);
        members.Exactly("imageId", "IMAGE_ID of the signed ID block", ImageId);
        members.OneOf("idKeyDigests", "The key that signed the ID block", IdKeyDigests);
        members.OneOf("authorKeyDigests", "The key that certified the ID key", AuthorKeyDigests);
        members.Bits("guestPolicy", "What the guest demands of its platform (guest POLICY)", GuestPolicy, SnpPolicyBit.MigrateMa);
        members.Part("platformInfo", "How the platform is set up (PLATFORM_INFO)", PlatformInfo is null ? null : PlatformInfo.Describe);
        members.Part("minimumFirmware", "The committed firmware release", MinimumFirmware is null ? null : MinimumFirmware.Describe);
        members.AtLeast("minimumReportVersion", "The report's version", MinimumReportVersion);
        members.AllBits("launchMitVector", "The vulnerabilities mitigated at launch", LaunchMitVector);
        members.AllBits("currentMitVector", "The vulnerabilities mitigated now", CurrentMitVector);
        members.OneOf("signingKeys", "The kind of signing key", SigningKeys);
        members.OneOf("cspIds", "The cloud provider in a VLEK certificate", CspIds);
        members.Flag("maskChipKey", "Hiding of the chip (MASK_CHIP_KEY)", MaskChipKey);
        members.Flag("authorKeyEn", "Certification of the ID key by an author key (AUTHOR_KEY_EN)", AuthorKeyEn);
        members.Flag("requireCrl", "Checking of AMD's revocation list (CRL)", RequireCrl);
        members.Debug(DangerouslyAllowDebug, "A guest in debug mode");
    }

    internal override PolicyFault? FindFault() =>
        RequireCrl is false
        ? new(".requireCrl", "is false, which demands nothing", "leave it out, or say true.")
        : FindFault("minimumTcb", MinimumTcb) ?? FindFault("minimumLaunchTcb", MinimumLaunchTcb) ?? FindFaultIn("gpu", Gpu);

    private PolicyFault? FindFault(string member, IReadOnlyDictionary<SnpProduct, SnpTcb>? tcbs)
    {
        foreach (var product in tcbs is null ? [] : Enum.GetValues<SnpProduct>())
        {
            var path = $".{member}.{product}";
            if (Products.Contains(product) != tcbs!.TryGetValue(product, out var tcb))
            {
                return tcb is null
                    ? new(path, "is missing", "every product that the entry accepts needs its own least TCB.")
                    : new(path, "is about a product that the entry does not accept", "name the product in \"products\", or remove this TCB.");
            }

            if (tcb is not null && tcb.Fmc is null == product >= SnpProduct.Turin)
            {
                return new(path + ".fmc", "must be there for Turin, and for Turin alone", "earlier processors have no FMC.");
            }
        }

        return null;
    }

    private static SnpPolicyEntry ReadMembers(PolicyObject members, PolicyNode? gpu) => new()
    {
        Products = members.Required("products").List(item => item.Choice<SnpProduct>(PolicyNames.Vendor)),
        Measurements = members.Required("measurements").HexList(PolicySizes.Sha384),
        Vmpl = (int)members.Required("vmpl").Integer(0, MaxVmpl),
        MinimumTcb = ReadTcb(members.Required("minimumTcb")),
        MinimumLaunchTcb = members.Optional("minimumLaunchTcb") is { } launch ? ReadTcb(launch) : null,
        HostData = members.Optional("hostData")?.Hex(HostDataSize),
        MinimumGuestSvn = (uint?)members.Optional("minimumGuestSvn")?.Integer(0, uint.MaxValue),
        FamilyId = members.Optional("familyId")?.Hex(IdSize),
        ImageId = members.Optional("imageId")?.Hex(IdSize),
        IdKeyDigests = members.Optional("idKeyDigests")?.HexList(PolicySizes.Sha384),
        AuthorKeyDigests = members.Optional("authorKeyDigests")?.HexList(PolicySizes.Sha384),
        GuestPolicy = members.Optional("guestPolicy") is { } guest ? BitRules<SnpPolicyBit>.Read(guest) : null,
        PlatformInfo = members.Optional("platformInfo") is { } platform ? BitRules<SnpPlatformInfoBit>.Read(platform) : null,
        MinimumFirmware = members.Optional("minimumFirmware")?.Object(SnpVersion.Read),
        MinimumReportVersion = (int?)members.Optional("minimumReportVersion")?.Integer(2, byte.MaxValue),
        LaunchMitVector = members.Optional("launchMitVector")?.Hex(MitigationVectorSize),
        CurrentMitVector = members.Optional("currentMitVector")?.Hex(MitigationVectorSize),
        SigningKeys = members.Optional("signingKeys")?.List(item => item.Choice<SnpSigningKey>(PolicyNames.Vendor)),
        CspIds = members.Optional("cspIds")?.TextList(),
        MaskChipKey = members.Optional("maskChipKey")?.Boolean(),
        AuthorKeyEn = members.Optional("authorKeyEn")?.Boolean(),
        RequireCrl = members.Optional("requireCrl")?.Boolean(),
        DangerouslyAllowDebug = members.DangerouslyAllowDebug(),
        Gpu = gpu is null ? null : NvidiaPolicyEntry.Read(gpu),
    };

    private static Dictionary<SnpProduct, SnpTcb> ReadTcb(PolicyNode node)
    {
        _ = node.Map();   // at least one
        return node.Object(members => Enum.GetValues<SnpProduct>()
            .Select(product => (Product: product, Node: members.Optional(PolicyNames.Vendor(product))))
            .Where(tcb => tcb.Node is not null)
            .ToDictionary(tcb => tcb.Product, tcb => tcb.Node!.Object(SnpTcb.Read)));
    }

    private static Action<PolicyMembers> DescribeTcb(IReadOnlyDictionary<SnpProduct, SnpTcb> tcbs) => members =>
    {
        foreach (var (product, tcb) in tcbs)
        {
            members.Part(PolicyNames.Vendor(product), "", tcb.Describe);
        }
    };

    private static ReadOnlyDictionary<SnpProduct, SnpTcb> Copy(IReadOnlyDictionary<SnpProduct, SnpTcb> tcbs) =>
        new SortedDictionary<SnpProduct, SnpTcb>(tcbs.ToDictionary()).AsReadOnly();
}
