using System.Text.Json.Nodes;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Sgx;

/// <summary>Proves what an SGX enclave is, from its DCAP quote.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 10. 1. The quote parses. 2. Intel vouches for its platform, and the platform signed it: the list of
/// <see cref="DcapVerifier"/>. 3. It answers the challenge.
/// </remarks>
public sealed class SgxVerifier : ITeeVerifier
{
    private readonly DcapVerifier _dcap;

    /// <summary>Trusts Intel's root.</summary>
    public SgxVerifier()
        : this(IntelRoots.All)
    {
    }

    internal SgxVerifier(TrustAnchors roots) => _dcap = new(roots, TeeKind.Sgx);

    /// <inheritdoc/>
    public TeeKind Tee => TeeKind.Sgx;

    /// <inheritdoc/>
    public VerifiedEvidence Verify(TeeEvidence evidence, EvidenceChallenge challenge, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        ArgumentNullException.ThrowIfNull(challenge);
        var quote = DcapQuote.Parse(evidence.Data);                                                    // 1
        var platform = _dcap.Verify(quote, evidence, now);                                             // 2
        var report = SgxReportBody.Parse(quote.Body);
        challenge.RequireReportData(report.ReportData.Span);                                           // 3
        return new VerifiedSgx(quote, report, platform) { IsFresh = challenge.IsExpected };
    }

    /// <inheritdoc/>
    public void Judge(VerifiedEvidence evidence, PolicyEntry entry)
    {
        var (verified, accepted) = ((VerifiedSgx)evidence, (SgxPolicyEntry)entry);
        var report = verified.Report;
        Reject.Unless(!report.IsDebug || accepted.DangerouslyAllowDebug, RejectionCode.DebugNotAccepted, "The enclave runs in debug mode: whoever runs the machine can read its memory.");
        Reject.Unless(accepted.MrEnclave is null || accepted.MrEnclave.Contains(report.MrEnclave.Span), RejectionCode.MeasurementNotAccepted, "The enclave's MRENCLAVE is not among those of the policy.");
        Reject.Unless(accepted.MrSigner is null || accepted.MrSigner.Contains(report.MrSigner.Span), RejectionCode.MeasurementNotAccepted, "The enclave's MRSIGNER is not among those of the policy.");
        Reject.Unless(accepted.IsvProdId is null || accepted.IsvProdId == report.IsvProdId, RejectionCode.MeasurementNotAccepted, "The enclave is another product of its signer than the policy's \"isvProdId\".");
        Reject.Unless(!(report.IsvSvn < accepted.MinimumIsvSvn), RejectionCode.MeasurementNotAccepted, $"The enclave's ISVSVN is {report.IsvSvn}, below the policy's \"minimumIsvSvn\".");
        accepted.Dcap.Judge(verified.Platform);
        Require(accepted.IsvExtProdId is null || accepted.IsvExtProdId.Equals(report.IsvExtProdId.Span), "isvExtProdId");
        Require(accepted.IsvFamilyId is null || accepted.IsvFamilyId.Equals(report.IsvFamilyId.Span), "isvFamilyId");
        Require(accepted.ConfigId is null || accepted.ConfigId.Equals(report.ConfigId.Span), "configId");
        Require(!(report.ConfigSvn < accepted.MinimumConfigSvn), "minimumConfigSvn");
        Require(accepted.Attributes is null || accepted.Attributes.HoldFor(report.Flags), "attributes");
        Require(accepted.Xfrm is null || accepted.Xfrm.Equals(report.Xfrm.Span), "xfrm");
        Require(accepted.MiscSelect is null || accepted.MiscSelect.Equals(report.MiscSelect.Span), "miscSelect");

        static void Require(bool holds, string member) =>
            Reject.Unless(holds, RejectionCode.GuestNotAccepted, $"The enclave was launched otherwise than the policy's \"{member}\" demands.");
    }

    /// <inheritdoc/>
    public void JudgeByDefault(VerifiedEvidence evidence)
    {
        var verified = (VerifiedSgx)evidence;
        Reject.Unless(!verified.Report.IsDebug, RejectionCode.DebugNotAccepted, "The enclave runs in debug mode: whoever runs the machine can read its memory.");
        DcapRules.JudgeByDefault(verified.Platform);
    }

    /// <inheritdoc/>
    public JsonObject Show(TeeEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        var quote = DcapQuote.Parse(evidence.Data);
        Reject.Unless(quote.BodyKind == QuoteBodyKind.Sgx, RejectionCode.ValueInvalid, "The quote is not of sgx.");
        return VerifiedSgx.Show(quote, SgxReportBody.Parse(quote.Body));
    }
}
