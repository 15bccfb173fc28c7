using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.NvidiaGpu;

/// <summary>What a GPU beside a CPU TEE must prove: the firmware it runs, by version or by reference measurements.</summary>
/// <remarks>
/// Source: DMTF SPDM 1.1 MEASUREMENTS and NVIDIA's opaque data. Whichever way the firmware is named, its measurements are always compared with NVIDIA's signed
/// RIM of that firmware. It is the member <c>gpu</c> of a CPU entry, since GPU evidence names no CPU: only both together say anything.
/// </remarks>
public sealed class NvidiaPolicyEntry : PolicyEntry
{
    private const int BoardIdSize = 4;

    /// <inheritdoc/>
    public override TeeKind Tee => TeeKind.NvidiaGpu;

    /// <summary>Accepted drivers, such as <c>550.90.07</c>; demanded unless RIMs are named.</summary>
    public IReadOnlyList<string>? DriverVersions { get; init => field = PolicyGuard.Texts(value); }

    /// <summary>Accepted VBIOS versions, such as <c>96.00.9F.00.01</c>; demanded unless RIMs are named.</summary>
    public IReadOnlyList<string>? VbiosVersions { get; init => field = PolicyGuard.Texts(value); }

    /// <summary>SHA-256 of the accepted RIM files, of drivers and of VBIOSes; demanded unless versions are named.</summary>
    public IReadOnlyList<HexValue>? Rims { get; init => field = PolicyGuard.HexList(value, PolicySizes.Sha256); }

    /// <summary>Accepted generations.</summary>
    public IReadOnlyList<NvidiaArchitecture>? Architectures { get; init => field = PolicyGuard.List(value); }

    /// <summary>Accepted board ids, 4 bytes each.</summary>
    public IReadOnlyList<HexValue>? BoardIds { get; init => field = PolicyGuard.HexList(value, BoardIdSize); }

    /// <summary>Accepted chip SKUs, such as <c>882</c>.</summary>
    public IReadOnlyList<string>? ChipSkus { get; init => field = PolicyGuard.Texts(value); }

    /// <summary>Accepted projects, such as <c>1010</c>.</summary>
    public IReadOnlyList<string>? Projects { get; init => field = PolicyGuard.Texts(value); }

    /// <summary>Accepted project SKUs, such as <c>0200</c>.</summary>
    public IReadOnlyList<string>? ProjectSkus { get; init => field = PolicyGuard.Texts(value); }

    /// <summary>Accepted firmware identities (FWID), 48 bytes each.</summary>
    public IReadOnlyList<HexValue>? FwIds { get; init => field = PolicyGuard.HexList(value, PolicySizes.Sha384); }

    /// <summary>Whether the video decoder NVDEC0 is on.</summary>
    public bool? Nvdec0Enabled { get; init; }

    /// <summary>Whether several GPUs are joined under protected PCIe.</summary>
    public bool? ProtectedPcie { get; init; }

    internal static NvidiaPolicyEntry Read(PolicyNode node) => PolicyEntryReader.Read(node, members =>
    {
        var tee = members.Required("tee");
        return tee.Text() == TeeKind.NvidiaGpu.Name ? ReadMembers(members) : throw tee.Invalid("is not a known GPU", $"use \"{TeeKind.NvidiaGpu.Name}\".");
    });

    internal override void Describe(PolicyMembers members)
    {
        members.Word("tee", Tee.Name);
        members.OneOf("driverVersions", "The GPU driver", DriverVersions);
        members.OneOf("vbiosVersions", "The GPU's VBIOS", VbiosVersions);
        members.OneOf("rims", "The reference measurements (RIM files) that match", Rims);
        members.OneOf("architectures", "The GPU generation", Architectures);
        members.OneOf("boardIds", "The board id", BoardIds);
        members.OneOf("chipSkus", "The chip SKU", ChipSkus);
        members.OneOf("projects", "The project", Projects);
        members.OneOf("projectSkus", "The project SKU", ProjectSkus);
        members.OneOf("fwIds", "The firmware identity (FWID)", FwIds);
        members.Flag("nvdec0Enabled", "The video decoder NVDEC0", Nvdec0Enabled);
        members.Flag("protectedPcie", "Protected PCIe between several GPUs", ProtectedPcie);
        members.UnseenDebug(DangerouslyAllowDebug, "A GPU in debug (DevTools) mode");
    }

    internal override PolicyFault? FindFault()
    {
        const string Hint = "name the firmware by \"driverVersions\" and \"vbiosVersions\" together, or by \"rims\".";
        return Rims is not null ? null
            : DriverVersions is null ? new(".driverVersions", "is missing", Hint)
            : VbiosVersions is null ? new(".vbiosVersions", "is missing", Hint)
            : null;
    }

    private static NvidiaPolicyEntry ReadMembers(PolicyObject members) => new()
    {
        DriverVersions = members.Optional("driverVersions")?.TextList(),
        VbiosVersions = members.Optional("vbiosVersions")?.TextList(),
        Rims = members.Optional("rims")?.HexList(PolicySizes.Sha256),
        Architectures = members.Optional("architectures")?.List(item => item.Choice<NvidiaArchitecture>(PolicyNames.Vendor)),
        BoardIds = members.Optional("boardIds")?.HexList(BoardIdSize),
        ChipSkus = members.Optional("chipSkus")?.TextList(),
        Projects = members.Optional("projects")?.TextList(),
        ProjectSkus = members.Optional("projectSkus")?.TextList(),
        FwIds = members.Optional("fwIds")?.HexList(PolicySizes.Sha384),
        Nvdec0Enabled = members.Optional("nvdec0Enabled")?.Boolean(),
        ProtectedPcie = members.Optional("protectedPcie")?.Boolean(),
        DangerouslyAllowDebug = members.DangerouslyAllowDebug(),
    };
}
