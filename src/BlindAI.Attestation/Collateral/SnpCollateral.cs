using System.Globalization;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;
using BlindAI.Attestation.SevSnp;

namespace BlindAI.Attestation.Collateral;

/// <summary>What AMD publishes about the processor that made a report.</summary>
/// <remarks>
/// Source: AMD publication 57230 (VCEK certificate and KDS interface); docs/attestation.md, clause 16. The service rations requests, so certificates that came
/// along and fit are not asked for again; the revocation list always is. A VLEK's certificate is its cloud's to hand out: AMD has no address for it.
/// </remarks>
internal static class SnpCollateral
{
    /// <summary>Bytes of a chip's name in addresses on Turin; before, all of CHIP_ID.</summary>
    private const int ChipIdLengthOfTurin = 8;

    // One certificate for each chip and TCB, valid for seven years; intermediates and roots for twenty-five.
    private static readonly TimeSpan MaxAgeOfLeaf = TimeSpan.FromDays(2 * 365);
    private static readonly TimeSpan MaxAgeOfChain = TimeSpan.FromDays(90);
    private static readonly TimeSpan MaxAgeOfList = TimeSpan.FromHours(24);

    /// <summary>What to ask for.</summary>
    /// <exception cref="AttestationException">
    /// The report or a certificate beside it does not parse; <see cref="RejectionCode.CollateralMissing"/>: nothing says of which processor the report is.
    /// </exception>
    public static IReadOnlyList<CollateralRequest> PlanFor(ReadOnlyMemory<byte> reportBytes, TeeEvidence evidence, CollateralOptions options)
    {
        var report = SnpReport.Parse(reportBytes);
        var sent = new SnpEndorsements(evidence, report.SigningKey);
        var leaf = sent.FindLeaf() is { } certificate ? SnpLeaf.Parse(certificate) : null;
        var product = FindProduct(report, leaf, sent);
        var kind = report.SigningKey == SnpSigningKey.VLEK ? "vlek" : "vcek";
        List<CollateralRequest> requests = [Request($"/{kind}/v1/{product}/crl", CollateralForm.RevocationList, MaxAgeOfList, EndorsementName.Crl)];
        if (sent.FindAsk() is null || sent.FindArk() is null)
        {
            requests.Add(Request($"/{kind}/v1/{product}/cert_chain", CollateralForm.AmdChain, MaxAgeOfChain, EndorsementName.Ask, EndorsementName.Ark));
        }

        if (report.SigningKey == SnpSigningKey.VCEK && report.NamesChip && leaf?.IsFor(product, report.ReportedTcb.Span) is not true)
        {
            requests.Add(Request($"/vcek/v1/{product}/{PathOfLeaf(report, product)}", CollateralForm.Certificate, MaxAgeOfLeaf, EndorsementName.Leaf));
        }

        return requests;

        CollateralRequest Request(string path, CollateralForm form, TimeSpan maxAge, params string[] names) =>
            new() { Url = CollateralPlan.UrlOf(options.AmdUrl, path), Form = form, Names = names, MaxAge = maxAge };
    }

    private static string PathOfLeaf(SnpReport report, SnpProduct product)
    {
        var tcb = SnpTcb.Parse(product, report.ReportedTcb.Span);
        var chip = report.ChipId.Span[..(product >= SnpProduct.Turin ? ChipIdLengthOfTurin : report.ChipId.Length)];
        var fmc = tcb.Fmc is { } spl ? string.Create(CultureInfo.InvariantCulture, $"fmcSPL={spl:00}&") : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{Convert.ToHexStringLower(chip)}?{fmc}blSPL={tcb.Bootloader:00}&teeSPL={tcb.Tee:00}&snpSPL={tcb.Snp:00}&ucodeSPL={tcb.Microcode:00}");
    }

    // Reports before version 3 do not name the processor; a certificate that came along does.
    private static SnpProduct FindProduct(SnpReport report, SnpLeaf? leaf, SnpEndorsements sent)
    {
        if (report.Cpuid is { } cpuid)
        {
            return cpuid.Product ?? throw Unknown("The report is of a processor that this version does not know.", "a newer client may know it.");
        }

        string[] names = [NameIn(sent.FindArk()), NameIn(sent.FindAsk())];
        foreach (var product in Enum.GetValues<SnpProduct>())
        {
            if (leaf?.IsOf(product) is true || names.Contains(product.ToString(), StringComparer.Ordinal))
            {
                return product;
            }
        }

        throw Unknown("A report of version 2 does not name its processor, so there is no address to ask.", "let the server send one of AMD's certificates along, or pass them from a folder.");
    }

    // "ARK-Genoa", "SEV-Genoa", "SEV-VLEK-Genoa".
    private static string NameIn(Certificate? authority) => authority?.SubjectCommonName is { } name ? name[(name.LastIndexOf('-') + 1)..] : "";

    private static AttestationException Unknown(string message, string hint) => new(RejectionCode.CollateralMissing, message, hint);
}
