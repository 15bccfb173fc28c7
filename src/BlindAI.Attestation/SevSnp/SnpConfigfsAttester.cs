using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.SevSnp;

/// <summary>Has an SEV-SNP guest's report made through configfs-tsm; the host's table of certificates travels along.</summary>
/// <remarks>Source: docs/attestation.md, clause 17.3. Never run on hardware.</remarks>
public sealed class SnpConfigfsAttester(ConfigfsTsm tsm) : HardwareAttester(TeeKind.SevSnp, tsm.Folder)
{
    /// <summary>What configfs-tsm calls this hardware.</summary>
    public const string Provider = "sev_guest";

    private protected override async ValueTask<TeeEvidence> MakeAsync(ReportData reportData, Nonce? nonce, CancellationToken cancellationToken)
    {
        var report = await tsm.ReportAsync(reportData, Provider, cancellationToken).ConfigureAwait(false);
        return SnpHostCertificates.Attach(report.Evidence, report.Auxiliary);
    }
}
