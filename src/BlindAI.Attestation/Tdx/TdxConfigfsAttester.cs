using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Tdx;

/// <summary>Has a TDX guest's quote made through configfs-tsm.</summary>
/// <remarks>Source: docs/attestation.md, clause 17.3. Never run on hardware.</remarks>
public sealed class TdxConfigfsAttester(ConfigfsTsm tsm) : HardwareAttester(TeeKind.Tdx, tsm.Folder)
{
    /// <summary>What configfs-tsm calls this hardware.</summary>
    public const string Provider = "tdx_guest";

    private protected override async ValueTask<TeeEvidence> MakeAsync(ReportData reportData, Nonce? nonce, CancellationToken cancellationToken)
    {
        var report = await tsm.ReportAsync(reportData, Provider, cancellationToken).ConfigureAwait(false);
        return new(TeeKind.Tdx.EvidenceType, report.Evidence);
    }
}
