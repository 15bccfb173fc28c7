using System.Globalization;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.NvidiaGpu;

/// <summary>A report that a genuine NVIDIA device signed. Alone it says nothing about any CPU.</summary>
public sealed class VerifiedGpu : VerifiedEvidence
{
    // The names of the leaf certificates begin with the chip.
    private const string HopperChip = "GH100 ";
    private const string BlackwellChip = "GB100 ";

    private readonly JsonObject _identity;

    internal VerifiedGpu(NvidiaReport report, Certificate leaf, RimComparison? rim)
        : base(TeeKind.NvidiaGpu)
    {
        (Report, Rim) = (report, rim);
        Architecture = leaf.SubjectCommonName switch
        {
            var name when name.StartsWith(HopperChip, StringComparison.Ordinal) => NvidiaArchitecture.Hopper,
            var name when name.StartsWith(BlackwellChip, StringComparison.Ordinal) => NvidiaArchitecture.Blackwell,
            _ => null,
        };
        _identity = IdentityOf(report, leaf);
    }

    /// <summary>What was signed.</summary>
    public NvidiaReport Report { get; }

    /// <summary>The generation, by the device's certificate; null for a switch or a device that this version does not know.</summary>
    public NvidiaArchitecture? Architecture { get; }

    /// <summary>The comparison with reference measurements; null when they were not there: then the firmware is NOT CHECKED.</summary>
    public RimComparison? Rim { get; }

    /// <inheritdoc/>
    public override JsonObject ToJson()
    {
        var json = Show(Report);
        foreach (var (name, value) in _identity)
        {
            json[name] = value?.DeepClone();
        }

        json["rim"] = Rim is null ? null : new JsonObject
        {
            ["driver_version"] = Rim.DriverVersion,
            ["vbios_version"] = Rim.VbiosVersion,
            ["compared_measurements"] = Rim.Compared,
            ["mismatches"] = Rim.Mismatches,
        };
        json["rim_digests"] = Rim is null ? null : new JsonObject { ["driver_rim"] = Rim.DriverRim.ToString(), ["vbios_rim"] = Rim.VbiosRim.ToString() };
        json["revocation_checked"] = false;
        return json;
    }

    /// <summary>What the report says.</summary>
    internal static JsonObject Show(NvidiaReport report)
    {
        var measurements = new JsonObject();
        foreach (var (index, value) in report.Blocks.OrderBy(pair => pair.Key))
        {
            measurements[index.ToString(CultureInfo.InvariantCulture)] = Convert.ToHexStringLower(value.Span);
        }

        return new()
        {
            ["spdm_version"] = "1.1",
            ["nonce"] = Convert.ToHexStringLower(report.Nonce.Span),
            ["responder_nonce"] = Convert.ToHexStringLower(report.ResponderNonce.Span),
            ["measurement_blocks"] = report.Blocks.Count,
            ["driver_version"] = report.DriverVersion,
            ["vbios_version"] = report.VbiosVersion,
            ["vbios_raw"] = HexOf(report, NvidiaReport.OpaqueType.VbiosVersion),
            ["chip_sku"] = report.ChipSku,
            ["project"] = report.Project,
            ["project_sku"] = report.ProjectSku,
            ["board_id"] = Convert.ToHexStringLower(report.BoardId.Span),
            ["nvdec0_status"] = HexOf(report, NvidiaReport.OpaqueType.Nvdec0Status),
            ["protected_pcie_status"] = HexOf(report, NvidiaReport.OpaqueType.ProtectedPcieStatus),
            ["fwid"] = report.FwId.IsEmpty ? null : Convert.ToHexStringLower(report.FwId.Span),
            ["opaque_ids"] = new JsonArray([.. report.Opaque.Keys.Order().Select(type => (JsonNode)type)]),
            ["measurements"] = measurements,
        };
    }

    /// <summary>What the device's certificate says.</summary>
    internal static JsonObject IdentityOf(NvidiaReport report, Certificate leaf)
    {
        var dice = DiceExtension.Find(leaf);
        return new()
        {
            ["fwid_extension_oid"] = dice?.Oid,
            ["fwid_matches_leaf_certificate"] = dice is not null && dice.Names(report.FwId.Span),
            ["leaf_subject"] = DistinguishedName.Text(leaf.Subject),
        };
    }

    private static string HexOf(NvidiaReport report, int type) => Convert.ToHexStringLower(report.Opaque.GetValueOrDefault(type).Span);
}
