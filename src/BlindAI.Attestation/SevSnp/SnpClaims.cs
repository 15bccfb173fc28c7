using System.Text.Json.Nodes;

namespace BlindAI.Attestation.SevSnp;

/// <summary>A report and the certificate beside it by the names of the vectors.</summary>
internal static class SnpClaims
{
    private static readonly (string Name, int Extension)[] Spls =
        [("bl", 1), ("tee", 2), ("snp", 3), ("spl4", 4), ("spl5", 5), ("spl6", 6), ("spl7", 7), ("ucode", 8), ("fmc", 9)];

    /// <summary>What is known: product and leaf only where they are given.</summary>
    public static JsonObject Of(SnpReport report, SnpProduct? product, SnpLeaf? leaf)
    {
        var claims = new JsonObject
        {
            ["version"] = report.Version,
            ["guest_svn"] = report.GuestSvn,
            ["policy"] = $"0x{report.Policy:x}",
            ["policy_abi_minor"] = report.Policy & 0xFF,
            ["policy_abi_major"] = (report.Policy >> 8) & 0xFF,
            ["smt_allowed"] = report.HasPolicyBit((int)SnpPolicyBit.Smt),
            ["migrate_ma"] = report.MayMigrate,
            ["debug"] = report.IsDebug,
            ["single_socket"] = report.HasPolicyBit((int)SnpPolicyBit.SingleSocket),
            ["vmpl"] = report.Vmpl,
            ["signature_algo"] = 1,
            ["platform_info"] = $"0x{report.PlatformInfo:x}",
            ["author_key_en"] = report.AuthorKeyEn,
            ["mask_chip_key"] = report.MaskChipKey,
            ["signing_key"] = report.SigningKey.ToString(),
            ["report_data"] = Convert.ToHexStringLower(report.ReportData.Bytes),
            ["measurement"] = Hex(report.Measurement),
            ["host_data"] = Hex(report.HostData),
            ["id_key_digest"] = Hex(report.IdKeyDigest),
            ["author_key_digest"] = Hex(report.AuthorKeyDigest),
            ["report_id"] = Hex(report.ReportId),
            ["report_id_ma"] = Hex(report.ReportIdMa),
            ["chip_id"] = Hex(report.ChipId),
            ["reported_tcb"] = Hex(report.ReportedTcb),
            ["current_tcb"] = Hex(report.CurrentTcb),
            ["committed_tcb"] = Hex(report.CommittedTcb),
            ["launch_tcb"] = Hex(report.LaunchTcb),
        };
        if (product is { } known)
        {
            claims["product"] = known.ToString();
            claims["reported_tcb_decoded"] = Of(SnpTcb.Parse(known, report.ReportedTcb.Span));
        }

        if (report.Cpuid is { } cpuid)
        {
            claims["cpuid_fam_mod_step"] = new JsonObject { ["family"] = $"0x{cpuid.Family:x}", ["model"] = $"0x{cpuid.Model:x}", ["stepping"] = cpuid.Stepping };
        }

        if (report is { LaunchMitVector: { } launch, CurrentMitVector: { } current })
        {
            claims["launch_mit_vector"] = Convert.ToHexStringLower(BitConverter.GetBytes(launch));
            claims["current_mit_vector"] = Convert.ToHexStringLower(BitConverter.GetBytes(current));
        }

        if (leaf is not null)
        {
            claims["leaf_kind"] = report.SigningKey.ToString();
            claims["leaf_extensions"] = Of(leaf);
        }

        return claims;
    }

    /// <summary>What the vectors have no name for.</summary>
    public static void AddDetails(JsonObject claims, SnpReport report)
    {
        claims["family_id"] = Hex(report.FamilyId);
        claims["image_id"] = Hex(report.ImageId);
        claims["committed_version"] = $"{report.CommittedVersion.Major}.{report.CommittedVersion.Minor}.{report.CommittedVersion.Build}";
    }

    private static JsonObject Of(SnpTcb tcb)
    {
        var decoded = new JsonObject { ["boot_loader"] = tcb.Bootloader, ["tee"] = tcb.Tee, ["snp"] = tcb.Snp, ["microcode"] = tcb.Microcode };
        if (tcb.Fmc is { } fmc)
        {
            decoded["fmc"] = fmc;
        }

        return decoded;
    }

    private static JsonObject Of(SnpLeaf leaf)
    {
        var extensions = new JsonObject { ["structver"] = leaf.StructureVersion, ["product"] = leaf.ProductName };
        foreach (var (name, extension) in Spls)
        {
            if (leaf.Spls.TryGetValue(extension, out var spl))
            {
                extensions[name] = spl;
            }
        }

        if (leaf.HwId is { } hwId)
        {
            extensions["hwid"] = Hex(hwId);
        }

        if (leaf.CspId is { } csp)
        {
            extensions["csp"] = csp;
        }

        return extensions;
    }

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);
}
