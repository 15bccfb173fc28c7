using System.Security.Cryptography;

namespace BlindAI.Attestation.Evidence;

/// <summary>What evidence must carry to be an answer to this exchange, and not a recording of another.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 2.10. There is no default: a caller who expects nothing must say so by name, and then the verified evidence
/// says that freshness was not checked.
/// </remarks>
public sealed class EvidenceChallenge
{
    private const string Hint = "ask for fresh evidence; if it stays, somebody replays old evidence: stop.";

    private readonly ReportData? _reportData;
    private readonly Nonce? _nonce;
    private readonly byte[]? _exact;

    private EvidenceChallenge(ReportData? reportData, Nonce? nonce, byte[]? exact) => (_reportData, _nonce, _exact) = (reportData, nonce, exact);

    /// <summary>Expects nothing: for looking at captured evidence. Old evidence passes.</summary>
    public static EvidenceChallenge DangerouslyNone { get; } = new(null, null, null);

    /// <summary>Whether anything is expected.</summary>
    public bool IsExpected => _reportData is not null || _exact is not null;

    /// <summary>Expects the digest of claims and, where the TEE has a field for it, the client's nonce.</summary>
    public static EvidenceChallenge ForClaims(ReportData reportData, Nonce? nonce)
    {
        ArgumentNullException.ThrowIfNull(reportData);
        return new(reportData, nonce, null);
    }

    /// <summary>Expects exactly these bytes in the field that the TEE signs: 64 bytes of report data, or a nonce of Nitro, a vTPM or a GPU.</summary>
    public static EvidenceChallenge Exactly(ReadOnlySpan<byte> value) =>
        value.IsEmpty ? throw new ArgumentException("An empty value expects nothing.", nameof(value)) : new(null, null, value.ToArray());

    /// <summary>SGX, TDX, SEV-SNP, simulation: the field of 64 bytes.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.ReportDataMismatch"/>.</exception>
    internal void RequireReportData(ReadOnlySpan<byte> seen) =>
        Require(_exact ?? (_reportData is null ? default : _reportData.Bytes), seen, RejectionCode.ReportDataMismatch, "The report data");

    /// <summary>Nitro: <c>user_data</c> is the report data and <c>nonce</c> the nonce; an exact value is the nonce.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.ReportDataMismatch"/>, <see cref="RejectionCode.NonceMismatch"/>.</exception>
    internal void RequireUserDataAndNonce(ReadOnlySpan<byte> userData, ReadOnlySpan<byte> nonce)
    {
        Require(_reportData is null ? default : _reportData.Bytes, userData, RejectionCode.ReportDataMismatch, "The user data");
        Require(_exact ?? (_nonce is null ? default : _nonce.Bytes.Span), nonce, RejectionCode.NonceMismatch, "The nonce");
    }

    /// <summary>vTPM: <c>extraData</c> is SHA-256 of the report data; an exact value is <c>extraData</c> itself.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.ReportDataMismatch"/>, <see cref="RejectionCode.NonceMismatch"/>.</exception>
    internal void RequireExtraData(ReadOnlySpan<byte> seen)
    {
        Require(_reportData is null ? default : SHA256.HashData(_reportData.Bytes), seen, RejectionCode.ReportDataMismatch, "The quote's extraData");
        Require(_exact, seen, RejectionCode.NonceMismatch, "The quote's extraData");
    }

    /// <summary>GPU: the requester nonce, which only an exact value can name (its derivation needs the TLS key).</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.NonceMismatch"/>.</exception>
    internal void RequireNonce(ReadOnlySpan<byte> seen)
    {
        Reject.Unless(_reportData is null, RejectionCode.Internal, "A GPU answers a nonce, never claims.");
        Require(_exact, seen, RejectionCode.NonceMismatch, "The nonce");
    }

    // An expected value is never empty, so an empty span is "nothing expected".
    private static void Require(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> seen, RejectionCode code, string field) =>
        Reject.Unless(expected.IsEmpty || CryptographicOperations.FixedTimeEquals(expected, seen), code,
            $"{field} in the evidence, of {seen.Length} bytes, is not what this exchange expects: the evidence was made for other claims or another exchange.", Hint);
}
