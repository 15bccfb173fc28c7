using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Sgx;
using BlindAI.Attestation.Tdx;

namespace BlindAI.Attestation.Evidence;

/// <summary>Part of step 5: evidence inside the TLS certificate, where an SGX or TDX server puts it, must say the same as the evidence that was asked for.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 4.6. It is a static extra for other software and proves no freshness; a certificate without it passes.
/// 1. It names the key of its own certificate. 2. It is authentic, and its quote covers its claims. 3. It is of the same enclave.
/// </remarks>
internal static class RaTlsCheck
{
    // RTMR3 is extended while a trust domain runs, so the certificate's may be older.
    private const int LaunchRegisters = 3;

    /// <exception cref="AttestationException">
    /// <see cref="RejectionCode.TlsKeyMismatch"/>, <see cref="RejectionCode.CertificateMismatch"/>, or what the TEE's verifier refuses.
    /// </exception>
    public static void Verify(X509Certificate2 certificate, VerifiedEvidence evidence, TeeEvidence item, Func<TeeKind, ITeeVerifier> verifiers, DateTimeOffset now)
    {
        if (evidence is not (VerifiedSgx or VerifiedTdx) || RaTlsEvidence.FromCertificate(certificate) is not { } inside)
        {
            return;
        }

        Reject.Unless(inside.KeyHash.Equals(Sha256Digest.Of(certificate.PublicKey.ExportSubjectPublicKeyInfo())), RejectionCode.TlsKeyMismatch,
            "The evidence inside the TLS certificate names another key than the certificate's.");                                                          // 1
        var quoted = verifiers(evidence.Tee).Verify(new(item.Type, inside.Quote, item.Endorsements),
            EvidenceChallenge.Exactly(ReportData.ForRaTls(inside.ClaimsBuffer.Span).Bytes), now);                                                           // 2
        Reject.Unless(IsSameEnclave(evidence, quoted), RejectionCode.CertificateMismatch,
            "The evidence inside the TLS certificate is of another enclave than the evidence that was asked for.");                                         // 3
    }

    private static bool IsSameEnclave(VerifiedEvidence asked, VerifiedEvidence inside) => (asked, inside) switch
    {
        (VerifiedSgx left, VerifiedSgx right) => Same(left.Report.MrEnclave, right.Report.MrEnclave) && Same(left.Report.MrSigner, right.Report.MrSigner)
            && Same(left.Report.Attributes, right.Report.Attributes),
        (VerifiedTdx left, VerifiedTdx right) => Same(left.Report.MrTd, right.Report.MrTd) && Same(left.Report.TdAttributes, right.Report.TdAttributes)
            && left.Report.Rtmrs.Zip(right.Report.Rtmrs).Take(LaunchRegisters).All(pair => Same(pair.First, pair.Second)),
        _ => false,
    };

    private static bool Same(ReadOnlyMemory<byte> left, ReadOnlyMemory<byte> right) => left.Span.SequenceEqual(right.Span);
}
