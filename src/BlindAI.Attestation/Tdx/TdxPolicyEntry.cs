using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.NvidiaGpu;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Tdx;

/// <summary>What a TDX trust domain must prove: the fields of its TD report and Intel's judgement of its platform.</summary>
/// <remarks>
/// Source: Intel TDX DCAP quoting library, quote versions 4 and 5. MRTD alone covers only the virtual firmware, so RTMR1 (kernel) and
/// RTMR2 (command line, initrd) are required. SEAMATTRIBUTES must be zero in any case; REPORTDATA belongs to the channel.
/// </remarks>
public sealed class TdxPolicyEntry : PolicyEntry
{
    private const int LastRtmr = 3;
    private const int XfamSize = 8;
    private const int TeeTcbSvnSize = 16;

    private static ReadOnlySpan<int> RequiredRtmrs => [1, 2];

    /// <inheritdoc/>
    public override TeeKind Tee => TeeKind.Tdx;

    /// <summary>Accepted MRTDs, 48 bytes each.</summary>
    public required IReadOnlyList<HexValue> MrTd { get; init => field = PolicyGuard.HexList(value, PolicySizes.Sha384); }

    /// <summary>The runtime registers by index 0 to 3, 48 bytes each; 1 and 2 must be there.</summary>
    public required IReadOnlyDictionary<int, HexValue> Rtmr { get; init => field = PolicyGuard.Registers(value, LastRtmr, [PolicySizes.Sha384], RequiredRtmrs); }

    /// <summary>What Intel must say about the platform.</summary>
    public required DcapRules Dcap { get; init; }

    /// <summary>Accepted MRSEAMs, the measurement of the TDX module, 48 bytes each.</summary>
    public IReadOnlyList<HexValue>? MrSeam { get; init => field = PolicyGuard.HexList(value, PolicySizes.Sha384); }

    /// <summary>The signer of the TDX module, 48 bytes; zero for Intel.</summary>
    public HexValue? MrSignerSeam { get; init => field = PolicyGuard.Hex(value, PolicySizes.Sha384); }

    /// <summary>MRCONFIGID, 48 bytes that the host gave at launch.</summary>
    public HexValue? MrConfigId { get; init => field = PolicyGuard.Hex(value, PolicySizes.Sha384); }

    /// <summary>MROWNER, 48 bytes.</summary>
    public HexValue? MrOwner { get; init => field = PolicyGuard.Hex(value, PolicySizes.Sha384); }

    /// <summary>MROWNERCONFIG, 48 bytes.</summary>
    public HexValue? MrOwnerConfig { get; init => field = PolicyGuard.Hex(value, PolicySizes.Sha384); }

    /// <summary>Accepted MRSERVICETDs, 48 bytes each; only TD report 1.5 has the field. Without a list none may be bound: such a domain may take the state elsewhere.</summary>
    public IReadOnlyList<HexValue>? MrServiceTd { get; init => field = PolicyGuard.HexList(value, PolicySizes.Sha384); }

    /// <summary>Demanded bits of TDATTRIBUTES. MIGRATABLE is refused unless a rule says that it is on.</summary>
    public BitRules<TdAttributeBit>? TdAttributes { get; init; }

    /// <summary>XFAM, 8 bytes in the order of the report.</summary>
    public HexValue? Xfam { get; init => field = PolicyGuard.Hex(value, XfamSize); }

    /// <summary>The least TEE_TCB_SVN at launch, 16 bytes compared one by one.</summary>
    public HexValue? MinimumTeeTcbSvn { get; init => field = PolicyGuard.Hex(value, TeeTcbSvnSize); }

    /// <summary>The least TEE_TCB_SVN_2, of the module that runs now, 16 bytes compared one by one; only TD report 1.5 has the field.</summary>
    public HexValue? MinimumTeeTcbSvn2 { get; init => field = PolicyGuard.Hex(value, TeeTcbSvnSize); }

    /// <summary>The GPU beside this CPU.</summary>
    public NvidiaPolicyEntry? Gpu { get; init; }

    internal override NvidiaPolicyEntry? DemandedGpu => Gpu;

    internal static TdxPolicyEntry Read(PolicyObject members) => ReadMembers(members, members.Optional("gpu"));

    /// <summary>Reads the part of an Azure entry: no <c>tee</c>, no <c>gpu</c>.</summary>
    internal static TdxPolicyEntry ReadPart(PolicyObject members) => ReadMembers(members, gpu: null);

    internal override void Describe(PolicyMembers members)
    {
        members.Word("tee", Tee.Name);
        DescribeMembers(members);
        members.Part("gpu", "A GPU, if the trust domain has one", Gpu is null ? null : Gpu.Describe);
    }

    internal void DescribeMembers(PolicyMembers members)
    {
        members.OneOf("mrTd", "The measurement of the virtual firmware", MrTd);
        members.Registers("rtmr", "The runtime measurements (0 firmware set-up, 1 kernel, 2 command line and initrd, 3 application)", Rtmr, LastRtmr);
        Dcap.Describe(members);
        members.OneOf("mrSeam", "The measurement of the TDX module", MrSeam);
        members.Exactly("mrSignerSeam", "The signer of the TDX module", MrSignerSeam);
        members.Exactly("mrConfigId", "MRCONFIGID, the configuration given at launch,", MrConfigId);
        members.Exactly("mrOwner", "MROWNER, the owner given at launch,", MrOwner);
        members.Exactly("mrOwnerConfig", "MROWNERCONFIG, the owner's configuration given at launch,", MrOwnerConfig);
        if (MrServiceTd is null)
        {
            members.Refused("mrServiceTd", "A service trust domain bound to this one");
        }
        else
        {
            members.OneOf("mrServiceTd", "The service trust domains bound to this one", MrServiceTd);
        }

        members.Bits("tdAttributes", "What the trust domain may do (TDATTRIBUTES)", TdAttributes, TdAttributeBit.Migratable);
        members.Exactly("xfam", "The processor features of the trust domain (XFAM)", Xfam);
        members.AtLeast("minimumTeeTcbSvn", "The TDX module's version at launch", MinimumTeeTcbSvn);
        members.AtLeast("minimumTeeTcbSvn2", "The TDX module's version now", MinimumTeeTcbSvn2);
        members.Debug(DangerouslyAllowDebug, "A trust domain in debug mode");
    }

    internal override PolicyFault? FindFault() => Dcap.FindFault(Tee) ?? FindFaultIn("gpu", Gpu);

    private static TdxPolicyEntry ReadMembers(PolicyObject members, PolicyNode? gpu) => new()
    {
        MrTd = members.Required("mrTd").HexList(PolicySizes.Sha384),
        Rtmr = members.Required("rtmr").Registers(LastRtmr, [PolicySizes.Sha384], RequiredRtmrs),
        Dcap = DcapRules.Read(members),
        MrSeam = members.Optional("mrSeam")?.HexList(PolicySizes.Sha384),
        MrSignerSeam = members.Optional("mrSignerSeam")?.Hex(PolicySizes.Sha384),
        MrConfigId = members.Optional("mrConfigId")?.Hex(PolicySizes.Sha384),
        MrOwner = members.Optional("mrOwner")?.Hex(PolicySizes.Sha384),
        MrOwnerConfig = members.Optional("mrOwnerConfig")?.Hex(PolicySizes.Sha384),
        MrServiceTd = members.Optional("mrServiceTd")?.HexList(PolicySizes.Sha384),
        TdAttributes = members.Optional("tdAttributes") is { } attributes ? BitRules<TdAttributeBit>.Read(attributes) : null,
        Xfam = members.Optional("xfam")?.Hex(XfamSize),
        MinimumTeeTcbSvn = members.Optional("minimumTeeTcbSvn")?.Hex(TeeTcbSvnSize),
        MinimumTeeTcbSvn2 = members.Optional("minimumTeeTcbSvn2")?.Hex(TeeTcbSvnSize),
        DangerouslyAllowDebug = members.DangerouslyAllowDebug(),
        Gpu = gpu is null ? null : NvidiaPolicyEntry.Read(gpu),
    };
}
