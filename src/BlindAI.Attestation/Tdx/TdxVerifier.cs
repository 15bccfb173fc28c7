using System.Text.Json.Nodes;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Tdx;

/// <summary>Proves what a TDX trust domain is, from its quote.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 11. 1. The quote parses. 2. Intel vouches for its platform and module, and the platform signed it: the list of
/// <see cref="DcapVerifier"/>. 3. It answers the challenge.
/// </remarks>
public sealed class TdxVerifier : ITeeVerifier
{
    private readonly DcapVerifier _dcap;

    /// <summary>Trusts Intel's root.</summary>
    public TdxVerifier()
        : this(IntelRoots.All)
    {
    }

    internal TdxVerifier(TrustAnchors roots) => _dcap = new(roots, TeeKind.Tdx);

    /// <inheritdoc/>
    public TeeKind Tee => TeeKind.Tdx;

    /// <inheritdoc/>
    public VerifiedEvidence Verify(TeeEvidence evidence, EvidenceChallenge challenge, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        ArgumentNullException.ThrowIfNull(challenge);
        var quote = DcapQuote.Parse(evidence.Data);                                                    // 1
        var platform = _dcap.Verify(quote, evidence, now);                                             // 2
        var report = TdReportBody.Parse(quote.Body);
        challenge.RequireReportData(report.ReportData.Span);                                           // 3
        return new VerifiedTdx(quote, report, platform) { IsFresh = challenge.IsExpected };
    }

    /// <inheritdoc/>
    public void Judge(VerifiedEvidence evidence, PolicyEntry entry)
    {
        var (verified, accepted) = ((VerifiedTdx)evidence, (TdxPolicyEntry)entry);
        var report = verified.Report;
        Reject.Unless(!report.IsDebug || accepted.DangerouslyAllowDebug, RejectionCode.DebugNotAccepted, "The trust domain runs in debug mode: whoever runs the machine can read its memory.");
        Reject.Unless(accepted.MrTd.Contains(report.MrTd.Span), RejectionCode.MeasurementNotAccepted, "The trust domain's MRTD is not among those of the policy.");
        foreach (var (index, value) in accepted.Rtmr)
        {
            Reject.Unless(value.Equals(report.Rtmrs[index].Span), RejectionCode.MeasurementNotAccepted, $"RTMR{index} of the trust domain is not the policy's.");
        }

        Reject.Unless(!report.MayMigrate || accepted.TdAttributes?.Allows(TdAttributeBit.Migratable) == true, RejectionCode.GuestNotAccepted,
            "The trust domain may be taken to another machine, by a migration domain that the host chooses.", "only \"tdAttributes\": { \"migratable\": true } accepts that, knowingly.");
        Reject.Unless(!report.HasServiceTd || accepted.MrServiceTd is not null, RejectionCode.GuestNotAccepted,
            "A service trust domain is bound to this one, which may take its state elsewhere.", "only a list \"mrServiceTd\" accepts such, one by one.");
        accepted.Dcap.Judge(verified.Platform);
        RequirePlatform(accepted.MrSeam is null || accepted.MrSeam.Contains(report.MrSeam.Span), "mrSeam");
        RequirePlatform(accepted.MrSignerSeam is null || accepted.MrSignerSeam.Equals(report.MrSignerSeam.Span), "mrSignerSeam");
        RequireGuest(accepted.MrConfigId is null || accepted.MrConfigId.Equals(report.MrConfigId.Span), "mrConfigId");
        RequireGuest(accepted.MrOwner is null || accepted.MrOwner.Equals(report.MrOwner.Span), "mrOwner");
        RequireGuest(accepted.MrOwnerConfig is null || accepted.MrOwnerConfig.Equals(report.MrOwnerConfig.Span), "mrOwnerConfig");
        RequireGuest(accepted.MrServiceTd is null || (report.MrServiceTd is { } service && accepted.MrServiceTd.Contains(service.Span)), "mrServiceTd");
        RequireGuest(accepted.TdAttributes is null || accepted.TdAttributes.HoldFor(report.Attributes), "tdAttributes");
        RequireGuest(accepted.Xfam is null || accepted.Xfam.Equals(report.Xfam.Span), "xfam");
        RequireSvn(accepted.MinimumTeeTcbSvn, report.TeeTcbSvn, "minimumTeeTcbSvn");
        RequireSvn(accepted.MinimumTeeTcbSvn2, report.TeeTcbSvn2, "minimumTeeTcbSvn2");

        static void RequirePlatform(bool holds, string member) =>
            Reject.Unless(holds, RejectionCode.PlatformNotAccepted, $"The TDX module is not the one that the policy's \"{member}\" demands.");

        static void RequireGuest(bool holds, string member) =>
            Reject.Unless(holds, RejectionCode.GuestNotAccepted, $"The trust domain was launched otherwise than the policy's \"{member}\" demands.");
    }

    /// <inheritdoc/>
    public void JudgeByDefault(VerifiedEvidence evidence)
    {
        var verified = (VerifiedTdx)evidence;
        Reject.Unless(!verified.Report.IsDebug, RejectionCode.DebugNotAccepted, "The trust domain runs in debug mode: whoever runs the machine can read its memory.");
        Reject.Unless(verified.Report is { MayMigrate: false, HasServiceTd: false }, RejectionCode.GuestNotAccepted, "The trust domain may be taken to another machine, or a service trust domain is bound to it.");
        DcapRules.JudgeByDefault(verified.Platform);
    }

    /// <inheritdoc/>
    public JsonObject Show(TeeEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        var quote = DcapQuote.Parse(evidence.Data);
        Reject.Unless(quote.BodyKind != QuoteBodyKind.Sgx, RejectionCode.ValueInvalid, "The quote is not of tdx.");
        return VerifiedTdx.Show(quote, TdReportBody.Parse(quote.Body));
    }

    // Byte by byte: the numbers are of different components.
    private static void RequireSvn(HexValue? minimum, ReadOnlyMemory<byte>? svn, string member)
    {
        if (minimum is null)
        {
            return;
        }

        Reject.Unless(svn is { } bytes && !bytes.Span.ToArray().Zip(minimum.Bytes.ToArray()).Any(pair => pair.First < pair.Second), RejectionCode.TcbNotAccepted,
            $"The TDX module is older than the policy's \"{member}\" demands, or its report does not say.");
    }
}
