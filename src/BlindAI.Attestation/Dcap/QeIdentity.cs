using System.Text.Json;
using BlindAI.Attestation.Sgx;

namespace BlindAI.Attestation.Dcap;

/// <summary>What Intel's quoting enclave must be: read only after its signature held.</summary>
/// <remarks>Source: Intel PCS API v4, QE identity version 2; docs/attestation.md, clause 9. Values and masks are bytes in the order of the report.</remarks>
internal sealed record QeIdentity
{
    private const int MiscSelectLength = 4;
    private const int AttributesLength = 16;
    private const int MrSignerLength = 32;

    /// <summary><c>QE</c> for SGX, <c>TD_QE</c> for TDX.</summary>
    public required string Id { get; init; }

    public required DateTimeOffset IssueDate { get; init; }

    public required DateTimeOffset NextUpdate { get; init; }

    public required int EvaluationDataNumber { get; init; }

    public required byte[] MiscSelect { get; init; }

    public required byte[] MiscSelectMask { get; init; }

    public required byte[] Attributes { get; init; }

    public required byte[] AttributesMask { get; init; }

    public required byte[] MrSigner { get; init; }

    public required int IsvProdId { get; init; }

    public required IReadOnlyList<IsvLevel> Levels { get; init; }

    /// <exception cref="AttestationException">The 1xx family, <see cref="RejectionCode.VersionUnsupported"/>.</exception>
    public static QeIdentity Read(JsonElement json)
    {
        var version = json.GetProperty("version").GetInt32();
        Reject.Unless(version == 2, RejectionCode.VersionUnsupported, $"The QE identity has version {version}; this version reads 2.");
        return new()
        {
            Id = json.GetProperty("id").GetString()!,
            IssueDate = TcbJudgement.ReadTime(json.GetProperty("issueDate")),
            NextUpdate = TcbJudgement.ReadTime(json.GetProperty("nextUpdate")),
            EvaluationDataNumber = json.GetProperty("tcbEvaluationDataNumber").GetInt32(),
            MiscSelect = TcbInfo.Hex(json.GetProperty("miscselect"), MiscSelectLength),
            MiscSelectMask = TcbInfo.Hex(json.GetProperty("miscselectMask"), MiscSelectLength),
            Attributes = TcbInfo.Hex(json.GetProperty("attributes"), AttributesLength),
            AttributesMask = TcbInfo.Hex(json.GetProperty("attributesMask"), AttributesLength),
            MrSigner = TcbInfo.Hex(json.GetProperty("mrsigner"), MrSignerLength),
            IsvProdId = json.GetProperty("isvprodid").GetUInt16(),
            Levels = IsvLevel.ReadList(json.GetProperty("tcbLevels")),
        };
    }

    /// <summary>Decides whether a report is of this enclave, and gives Intel's judgement of its version.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.QuotingEnclaveUnknown"/>; <see cref="RejectionCode.TcbNotSupported"/>: older than every level.</exception>
    public TcbJudgement Judge(SgxReportBody report)
    {
        Reject.Unless(Masked.Equal(report.MiscSelect.Span, MiscSelectMask, MiscSelect) && Masked.Equal(report.Attributes.Span, AttributesMask, Attributes)
            && report.MrSigner.Span.SequenceEqual(MrSigner) && report.IsvProdId == IsvProdId,
            RejectionCode.QuotingEnclaveUnknown, "The enclave that signed the quote is not Intel's quoting enclave.");
        return IsvLevel.Find(Levels, report.IsvSvn) ?? throw new AttestationException(RejectionCode.TcbNotSupported, "Intel's quoting enclave on this platform is older than every version that Intel judges.");
    }
}
