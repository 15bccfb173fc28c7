using System.Text.Json.Nodes;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Sgx;

/// <summary>An SGX enclave that Intel's hardware vouches for.</summary>
public sealed class VerifiedSgx : VerifiedEvidence
{
    private readonly DcapQuote _quote;

    internal VerifiedSgx(DcapQuote quote, SgxReportBody report, DcapPlatform platform)
        : base(TeeKind.Sgx)
    {
        _quote = quote;
        Report = report;
        Platform = platform;
        ValidUntil = platform.ValidUntil;
    }

    /// <summary>The enclave's report.</summary>
    public SgxReportBody Report { get; }

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

    internal static JsonObject Show(DcapQuote quote, SgxReportBody report)
    {
        var json = DcapVerifier.ShowHeader(quote);
        json["mr_enclave"] = Convert.ToHexStringLower(report.MrEnclave.Span);
        json["mr_signer"] = Convert.ToHexStringLower(report.MrSigner.Span);
        json["isv_prod_id"] = report.IsvProdId;
        json["isv_svn"] = report.IsvSvn;
        json["isv_ext_prod_id"] = Convert.ToHexStringLower(report.IsvExtProdId.Span);
        json["isv_family_id"] = Convert.ToHexStringLower(report.IsvFamilyId.Span);
        json["attributes"] = Convert.ToHexStringLower(report.Attributes.Span);
        json["misc_select"] = Convert.ToHexStringLower(report.MiscSelect.Span);
        json["cpu_svn"] = Convert.ToHexStringLower(report.CpuSvn.Span);
        json["report_data"] = Convert.ToHexStringLower(report.ReportData.Span);
        json["debug"] = report.IsDebug;
        json["config_id"] = Convert.ToHexStringLower(report.ConfigId.Span);
        json["config_svn"] = report.ConfigSvn;
        return json;
    }
}
