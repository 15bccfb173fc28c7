using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Sgx;

/// <summary>What an SGX enclave must prove: the fields of its report body and Intel's judgement of its platform.</summary>
/// <remarks>
/// Source: Intel SDM volume 3D, REPORT. Either MRENCLAVE names the code, or MRSIGNER with product and least version names its maker; both may stand.
/// CPUSVN is judged through the TCB status; REPORTDATA belongs to the channel and PPID to <c>machines</c>.
/// </remarks>
public sealed class SgxPolicyEntry : PolicyEntry
{
    private const int IdSize = 16;
    private const int ConfigIdSize = 64;
    private const int MiscSelectSize = 4;
    private const int XfrmSize = 8;

    /// <inheritdoc/>
    public override TeeKind Tee => TeeKind.Sgx;

    /// <summary>Accepted MRENCLAVEs, 32 bytes each; demanded unless the signer is named.</summary>
    public IReadOnlyList<HexValue>? MrEnclave { get; init => field = PolicyGuard.HexList(value, PolicySizes.Sha256); }

    /// <summary>Accepted MRSIGNERs, 32 bytes each; demanded unless MRENCLAVE is named.</summary>
    public IReadOnlyList<HexValue>? MrSigner { get; init => field = PolicyGuard.HexList(value, PolicySizes.Sha256); }

    /// <summary>The product number that the signer gave; demanded with the signer where no MRENCLAVE is named.</summary>
    public ushort? IsvProdId { get; init; }

    /// <summary>The least security version that the signer gave; demanded with the signer where no MRENCLAVE is named.</summary>
    public ushort? MinimumIsvSvn { get; init; }

    /// <summary>What Intel must say about the platform.</summary>
    public required DcapRules Dcap { get; init; }

    /// <summary>ISVEXTPRODID, 16 bytes.</summary>
    public HexValue? IsvExtProdId { get; init => field = PolicyGuard.Hex(value, IdSize); }

    /// <summary>ISVFAMILYID, 16 bytes.</summary>
    public HexValue? IsvFamilyId { get; init => field = PolicyGuard.Hex(value, IdSize); }

    /// <summary>CONFIGID, 64 bytes that were given at launch.</summary>
    public HexValue? ConfigId { get; init => field = PolicyGuard.Hex(value, ConfigIdSize); }

    /// <summary>The least CONFIGSVN.</summary>
    public ushort? MinimumConfigSvn { get; init; }

    /// <summary>Demanded bits of ATTRIBUTES.flags.</summary>
    public BitRules<SgxAttributeBit>? Attributes { get; init; }

    /// <summary>ATTRIBUTES.XFRM, 8 bytes in the order of the report.</summary>
    public HexValue? Xfrm { get; init => field = PolicyGuard.Hex(value, XfrmSize); }

    /// <summary>MISCSELECT, 4 bytes in the order of the report.</summary>
    public HexValue? MiscSelect { get; init => field = PolicyGuard.Hex(value, MiscSelectSize); }

    internal static SgxPolicyEntry Read(PolicyObject members) => new()
    {
        MrEnclave = members.Optional("mrEnclave")?.HexList(PolicySizes.Sha256),
        MrSigner = members.Optional("mrSigner")?.HexList(PolicySizes.Sha256),
        IsvProdId = (ushort?)members.Optional("isvProdId")?.Integer(0, ushort.MaxValue),
        MinimumIsvSvn = (ushort?)members.Optional("minimumIsvSvn")?.Integer(0, ushort.MaxValue),
        Dcap = DcapRules.Read(members),
        IsvExtProdId = members.Optional("isvExtProdId")?.Hex(IdSize),
        IsvFamilyId = members.Optional("isvFamilyId")?.Hex(IdSize),
        ConfigId = members.Optional("configId")?.Hex(ConfigIdSize),
        MinimumConfigSvn = (ushort?)members.Optional("minimumConfigSvn")?.Integer(0, ushort.MaxValue),
        Attributes = members.Optional("attributes") is { } attributes ? BitRules<SgxAttributeBit>.Read(attributes) : null,
        Xfrm = members.Optional("xfrm")?.Hex(XfrmSize),
        MiscSelect = members.Optional("miscSelect")?.Hex(MiscSelectSize),
        DangerouslyAllowDebug = members.DangerouslyAllowDebug(),
    };

    internal override void Describe(PolicyMembers members)
    {
        members.Word("tee", Tee.Name);
        members.OneOf("mrEnclave", "The measurement of the enclave's code", MrEnclave);
        members.OneOf("mrSigner", "The signer of the enclave", MrSigner);
        members.Exactly("isvProdId", "The signer's product number", IsvProdId);
        members.AtLeast("minimumIsvSvn", "The signer's security version", MinimumIsvSvn);
        Dcap.Describe(members);
        members.Exactly("isvExtProdId", "The extended product identifier", IsvExtProdId);
        members.Exactly("isvFamilyId", "The family identifier", IsvFamilyId);
        members.Exactly("configId", "CONFIGID, the configuration given at launch,", ConfigId);
        members.AtLeast("minimumConfigSvn", "CONFIGSVN, the version of that configuration,", MinimumConfigSvn);
        members.Part("attributes", "What the enclave may do (ATTRIBUTES)", Attributes is null ? null : Attributes.Describe);
        members.Exactly("xfrm", "The processor features of the enclave (XFRM)", Xfrm);
        members.Exactly("miscSelect", "MISCSELECT", MiscSelect);
        members.Debug(DangerouslyAllowDebug, "An enclave in debug mode");
    }

    internal override PolicyFault? FindFault()
    {
        const string Hint = "name the enclave by \"mrEnclave\", or by \"mrSigner\", \"isvProdId\" and \"minimumIsvSvn\" together.";
        return MrEnclave is not null ? Dcap.FindFault(Tee)
            : MrSigner is null ? new(".mrEnclave", "is missing, and so is mrSigner", Hint)
            : IsvProdId is null ? new(".isvProdId", "is missing", Hint)
            : MinimumIsvSvn is null ? new(".minimumIsvSvn", "is missing", Hint)
            : Dcap.FindFault(Tee);
    }
}
