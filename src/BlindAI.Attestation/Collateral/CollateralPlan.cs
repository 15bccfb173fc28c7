using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Collateral;

/// <summary>What to fetch for evidence: one branch for each vendor that publishes something.</summary>
internal static class CollateralPlan
{
    /// <exception cref="AttestationException">The evidence does not parse.</exception>
    public static IReadOnlyList<CollateralRequest> Of(TeeEvidence evidence, CollateralOptions options) => TeeKind.FindByEvidenceType(evidence.Type) switch
    {
        var tee when tee == TeeKind.Sgx || tee == TeeKind.Tdx => DcapCollateral.PlanFor(evidence.Data, evidence, options),
        var tee when tee == TeeKind.SevSnp => SnpCollateral.PlanFor(evidence.Data, evidence, options),
        var tee when tee == TeeKind.AzureVtpm => OfAzure(evidence, options),
        _ => [],
    };

    /// <summary>An address below another, which may have a path of its own; an absolute one stays as it is.</summary>
    public static Uri UrlOf(Uri service, string path) => path.StartsWith('/') ? new(service.AbsoluteUri.TrimEnd('/') + path) : new(path);

    // The hardware below the virtual TPM: an SNP report inside the HCL report, or a TD quote beside it.
    private static IReadOnlyList<CollateralRequest> OfAzure(TeeEvidence evidence, CollateralOptions options) =>
        evidence.FindEndorsement(EndorsementName.HclReport) is not { } hcl ? []
        : HclReport.Parse(hcl) is { } report && report.Hardware == TeeKind.SevSnp ? SnpCollateral.PlanFor(report.HardwareReport, evidence, options)
        : evidence.FindEndorsement(EndorsementName.Quote) is { } quote ? DcapCollateral.PlanFor(quote, evidence, options)
        : [];
}
