using BlindAI.Attestation.NvidiaGpu;
using BlindAI.Attestation.Policy;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Tdx;

namespace BlindAI.Attestation.AzureVtpm;

/// <summary>What an Azure confidential VM must prove: the hardware part, and what its vTPM measured under the paravisor.</summary>
/// <remarks>
/// Source: Microsoft, "Attestation for confidential VMs" and the HCL report. The hardware report measures the paravisor, which vouches for the vTPM,
/// which measures the guest: without PCRs nothing would be said about the guest.
/// </remarks>
public sealed class AzurePolicyEntry : PolicyEntry
{
    private const int LastPcr = 23;
    private const int UserDataSize = 64;

    /// <inheritdoc/>
    public override TeeKind Tee => TeeKind.AzureVtpm;

    /// <summary>The hardware below: an <see cref="SnpPolicyEntry"/> or a <see cref="TdxPolicyEntry"/>, without a GPU of its own.</summary>
    public required PolicyEntry Hardware
    {
        get;
        init => field = value is SnpPolicyEntry { Gpu: null } or TdxPolicyEntry { Gpu: null }
            ? value
            : throw new ArgumentException("The hardware must be an SNP or TDX entry without a GPU.", nameof(value));
    }

    /// <summary>The SHA-256 registers of the vTPM by index 0 to 23, 32 bytes each: at least one.</summary>
    public required IReadOnlyDictionary<int, HexValue> Pcrs { get; init => field = PolicyGuard.Registers(value, LastPcr, [PolicySizes.Sha256], []); }

    /// <summary>What the paravisor must say about the virtual machine.</summary>
    public AzureVmConfiguration? VmConfiguration { get; init; }

    /// <summary>The user data of the runtime data, 64 bytes.</summary>
    public HexValue? UserData { get; init => field = PolicyGuard.Hex(value, UserDataSize); }

    /// <summary>Accepted firmware versions of the vTPM, 8 bytes each.</summary>
    public IReadOnlyList<HexValue>? FirmwareVersions { get; init => field = PolicyGuard.HexList(value, sizeof(ulong)); }

    /// <summary>The GPU beside this CPU.</summary>
    public NvidiaPolicyEntry? Gpu { get; init; }

    internal override NvidiaPolicyEntry? DemandedGpu => Gpu;

    /// <summary>Decided by the hardware part; to set it here is an error.</summary>
    public override bool DangerouslyAllowDebug
    {
        get => Hardware.DangerouslyAllowDebug;
        init => throw new ArgumentException("Debug is decided by the hardware part: set it on Hardware.", nameof(value));
    }

    internal static AzurePolicyEntry Read(PolicyObject members)
    {
        var (snp, tdx) = (members.Optional("snp"), members.Optional("tdx"));
        return new()
        {
            Hardware = (snp, tdx) switch
            {
                ({ } node, null) => PolicyEntryReader.Read(node, SnpPolicyEntry.ReadPart),
                (null, { } node) => PolicyEntryReader.Read(node, TdxPolicyEntry.ReadPart),
                _ => throw members.Node.Invalid("must have either \"snp\" or \"tdx\"", "write one entry for each kind of hardware."),
            },
            Pcrs = members.Required("pcrs").Registers(LastPcr, [PolicySizes.Sha256], []),
            VmConfiguration = members.Optional("vmConfiguration")?.Object(AzureVmConfiguration.Read),
            UserData = members.Optional("userData")?.Hex(UserDataSize),
            FirmwareVersions = members.Optional("firmwareVersions")?.HexList(sizeof(ulong)),
            Gpu = members.Optional("gpu") is { } gpu ? NvidiaPolicyEntry.Read(gpu) : null,
        };
    }

    internal override void Describe(PolicyMembers members)
    {
        members.Word("tee", Tee.Name);
        members.Part(Hardware.Tee.Name, "", Hardware is SnpPolicyEntry snp ? snp.DescribeMembers : ((TdxPolicyEntry)Hardware).DescribeMembers);
        members.Registers("pcrs", "The vTPM's registers (0 to 7 firmware and boot, 8 to 15 the guest)", Pcrs, LastPcr);
        members.Part("vmConfiguration", "The virtual machine's set-up", VmConfiguration is null ? null : VmConfiguration.Describe);
        members.Exactly("userData", "The user data of the runtime data", UserData);
        members.OneOf("firmwareVersions", "The vTPM's firmware version", FirmwareVersions);
        members.Part("gpu", "A GPU, if the virtual machine has one", Gpu is null ? null : Gpu.Describe);
    }

    internal override PolicyFault? FindFault() => VmConfiguration is { IsEmpty: true }
        ? new(".vmConfiguration", "is empty", "leave the member out, or say what it demands.")
        : FindFaultIn(Hardware.Tee.Name, Hardware) ?? FindFaultIn("gpu", Gpu);
}
