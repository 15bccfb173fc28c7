using System.Text.Json.Nodes;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Tdx;

/// <summary>A TDX trust domain that Intel's hardware vouches for.</summary>
public sealed class VerifiedTdx : VerifiedEvidence
{
    private readonly DcapQuote _quote;

    internal VerifiedTdx(DcapQuote quote, TdReportBody report, DcapPlatform platform)
        : base(TeeKind.Tdx)
    {
        _quote = quote;
        Report = report;
        Platform = platform;
        ValidUntil = platform.ValidUntil;
    }

    /// <summary>The trust domain's report.</summary>
    public TdReportBody Report { get; }

    /// <summary>The platform, and what Intel says about it.</summary>
    public DcapPlatform Platform { get; }

    /// <inheritdoc/>
    public override MachineIdentity Machine => Platform.Machine;

    /// <inheritdoc/>
    public override JsonObject ToJson()
    {
        var json = ToClaims();
        json["trailing_bytes"] = _quote.TrailingLength;
        Platform.AddDetailsTo(json);
        return json;
    }

    internal override JsonObject ToClaims()
    {
        var json = Show(_quote, Report);
        Platform.AddTo(json);
        return json;
    }

    internal static JsonObject Show(DcapQuote quote, TdReportBody report)
    {
        var json = DcapVerifier.ShowHeader(quote);
        json["tee_tcb_svn"] = Convert.ToHexStringLower(report.TeeTcbSvn.Span);
        json["mrseam"] = Convert.ToHexStringLower(report.MrSeam.Span);
        json["mrsignerseam"] = Convert.ToHexStringLower(report.MrSignerSeam.Span);
        json["seamattributes"] = Convert.ToHexStringLower(report.SeamAttributes.Span);
        json["tdattributes"] = Convert.ToHexStringLower(report.TdAttributes.Span);
        json["xfam"] = Convert.ToHexStringLower(report.Xfam.Span);
        json["mrtd"] = Convert.ToHexStringLower(report.MrTd.Span);
        json["mrconfigid"] = Convert.ToHexStringLower(report.MrConfigId.Span);
        json["mrowner"] = Convert.ToHexStringLower(report.MrOwner.Span);
        json["mrownerconfig"] = Convert.ToHexStringLower(report.MrOwnerConfig.Span);
        for (var index = 0; index < report.Rtmrs.Count; index++)
        {
            json[$"rtmr{index}"] = Convert.ToHexStringLower(report.Rtmrs[index].Span);
        }

        json["report_data"] = Convert.ToHexStringLower(report.ReportData.Span);
        json["debug"] = report.IsDebug;
        if (report is { TeeTcbSvn2: { } current, MrServiceTd: { } service })
        {
            json["tee_tcb_svn2"] = Convert.ToHexStringLower(current.Span);
            json["mrservicetd"] = Convert.ToHexStringLower(service.Span);
        }

        return json;
    }
}
