using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;
using BlindAI.Attestation.Tdx;

namespace BlindAI.Attestation.Dcap;

/// <summary>The trust argument that SGX and TDX share: from Intel's root to the body of a quote, and Intel's judgement of its platform.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 9; Intel SGX and TDX DCAP quote verification library. In order, the first failure gives the code:
/// 1. The quote is of this TEE, made by Intel's quoting enclave vendor. 2. Intel's root vouches for the platform's key (PCK). 3. Intel signed the TCB info, and it is current.
/// 4. Intel signed the QE identity, and it is current. 5. Neither the PCK nor an authority above it, nor the signer of the collateral, is revoked.
/// 6. The PCK signed the quoting enclave's report. 7. That report names the attestation key. 8. The attestation key signed the quote.
/// 9. The collateral is about this TEE and this platform. 10. The quoting enclave is Intel's. 11. A TDX module is Intel's.
/// 12. Intel still judges such a platform: its TCB level.
/// </remarks>
internal sealed class DcapVerifier(TrustAnchors roots, TeeKind tee)
{
    private const string PlatformCaName = "Intel SGX PCK Platform CA";
    private const string ProcessorCaName = "Intel SGX PCK Processor CA";

    private bool IsTdx => tee == TeeKind.Tdx;

    private static ReadOnlySpan<byte> IntelVendorId => [0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9, 0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07];

    /// <summary>Decides whether a quote is authentic.</summary>
    /// <exception cref="AttestationException">A step failed; the code says which.</exception>
    public DcapPlatform Verify(DcapQuote quote, TeeEvidence evidence, DateTimeOffset now)
    {
        RequireTee(quote);                                                                                                                       // 1
        var chain = ReadPckChain(quote, evidence);
        CertificateChain.Verify(chain, roots, now);
        var (leaf, authority) = (chain[0], chain[1]);
        var pckCa = CaOf(authority);
        Reject.Unless(chain.Count == 3 && leaf is { IsAuthority: false } && leaf.SubjectCommonName.Contains(PckCertificate.CommonName, StringComparison.Ordinal),
            RejectionCode.ChainUntrusted, "The quote's certificate chain is not that of a PCK certificate.");                                     // 2

        var tcbChain = Pem.ReadCertificates(evidence.RequireEndorsement(EndorsementName.TcbInfoIssuerChain));
        var info = SignedJson.Verify(evidence.RequireEndorsement(EndorsementName.TcbInfo), "tcbInfo", tcbChain, roots, now, TcbInfo.Read);
        Freshness.Require("The TCB info", info.IssueDate, info.NextUpdate, now);                                                                 // 3
        var qeChain = Pem.ReadCertificates(evidence.RequireEndorsement(EndorsementName.QeIdentityIssuerChain));
        var identity = SignedJson.Verify(evidence.RequireEndorsement(EndorsementName.QeIdentity), "enclaveIdentity", qeChain, roots, now, QeIdentity.Read);
        Freshness.Require("The QE identity", identity.IssueDate, identity.NextUpdate, now);                                                      // 4

        var rootCrl = RevocationList.Parse(evidence.RequireEndorsement(EndorsementName.RootCaCrl));
        rootCrl.Verify(chain[^1], now);
        var pckCrl = RevocationList.Parse(evidence.RequireEndorsement(EndorsementName.PckCrl));
        pckCrl.Verify(authority, now);
        pckCrl.RequireNotRevoked(leaf);
        foreach (var certificate in (ReadOnlySpan<Certificate>)[authority, tcbChain[0], qeChain[0]])
        {
            rootCrl.RequireNotRevoked(certificate);
        }                                                                                                                                        // 5

        using var pckKey = leaf.ImportP256();
        RequireSignature(pckKey, quote.QeReportBytes, quote.QeReportSignature, "The quoting enclave's report is not signed by the platform's key.");   // 6
        RequireBinding(quote);                                                                                                                   // 7
        using var attestationKey = PublicKeyInfo.ImportPoint(quote.AttestationKey.Span, ECCurve.NamedCurves.nistP256);
        RequireSignature(attestationKey, quote.SignedBytes, quote.Signature, "The quote is not signed by the attestation key that it names.");   // 8

        var pck = PckCertificate.Read(leaf);
        RequireAbout(info, identity, pck);                                                                                                       // 9
        var qe = identity.Judge(quote.QeReport);                                                                                                 // 10
        TcbEvaluation tcb;
        if (IsTdx)
        {
            var body = TdReportBody.Parse(quote.Body);
            RequireModule(info, body);                                                                                                           // 11
            tcb = TcbEvaluation.OfTdx(info, pck, qe, body.TeeTcbSvn.Span, body.TeeTcbSvn2 is { } current ? current.Span : default);              // 12
        }
        else
        {
            tcb = TcbEvaluation.OfSgx(info, pck, qe);
        }

        DateTimeOffset[] ends = [info.NextUpdate, identity.NextUpdate, rootCrl.NextUpdate, pckCrl.NextUpdate, CertificateChain.EndOf([.. chain, .. tcbChain, .. qeChain])];
        return new()
        {
            Pck = pck,
            PckCa = pckCa,
            Tcb = tcb,
            TcbInfoVersion = info.Version,
            TcbEvaluationDataNumber = info.EvaluationDataNumber,
            QeIdentityEvaluationDataNumber = identity.EvaluationDataNumber,
            ValidUntil = ends.Min(),
        };
    }

    /// <summary>The header of a quote by the names of the vectors.</summary>
    public static JsonObject ShowHeader(DcapQuote quote) => new()
    {
        ["quote_version"] = quote.Version,
        ["tee_type"] = quote.TeeType,
        ["body_kind"] = quote.BodyKind switch { QuoteBodyKind.Sgx => "sgx", QuoteBodyKind.Td10 => "tdx10", _ => "tdx15" },
        ["qe_svn"] = quote.QeSvn,
        ["pce_svn"] = quote.PceSvn,
        ["qe_vendor_id"] = Convert.ToHexStringLower(quote.QeVendorId.Span),
    };

    /// <summary>The name of an authority in its certificates.</summary>
    public static string NameOf(PckCa authority) => authority == PckCa.Platform ? PlatformCaName : ProcessorCaName;

    private void RequireTee(DcapQuote quote)
    {
        Reject.Unless(quote.BodyKind is not QuoteBodyKind.Sgx == IsTdx, RejectionCode.ValueInvalid, $"The quote is not of {tee}.");
        Reject.Unless(quote.QeVendorId.Span.SequenceEqual(IntelVendorId), RejectionCode.QuotingEnclaveUnknown, "The quote was made by a quoting enclave of another vendor than Intel.");
    }

    // The chain lies in the quote; where it does not, it may lie beside it: what counts is that its key signed the quoting enclave's report.
    private static IReadOnlyList<Certificate> ReadPckChain(DcapQuote quote, TeeEvidence evidence) => quote.CertificationDataType == DcapQuote.PckChainType
        ? Pem.ReadCertificates(quote.CertificationData)
        : Pem.ReadCertificates(evidence.FindEndorsement(EndorsementName.PckChain) ?? throw new AttestationException(RejectionCode.CertificationDataUnsupported,
            $"The quote names its PCK certificate by certification data of type {quote.CertificationDataType}, not by its chain (type 5).",
            "let the platform's quote provider put the PCK chain into the quote, or put it beside the quote as \"pck_chain\"."));

    private static PckCa CaOf(Certificate authority) => authority.SubjectCommonName switch
    {
        PlatformCaName => PckCa.Platform,
        ProcessorCaName => PckCa.Processor,
        _ => throw new AttestationException(RejectionCode.ChainUntrusted, "The PCK certificate was not issued by one of Intel's two authorities for it."),
    };

    private static void RequireSignature(ECDsa key, ReadOnlyMemory<byte> data, ReadOnlyMemory<byte> signature, string message) =>
        Reject.Unless(key.VerifyData(data.Span, signature.Span, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation), RejectionCode.SignatureInvalid, message);

    private static void RequireBinding(DcapQuote quote)
    {
        Span<byte> expected = stackalloc byte[64];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(quote.AttestationKey.Span);
        hash.AppendData(quote.QeAuthenticationData.Span);
        hash.GetHashAndReset(expected);
        Reject.Unless(quote.QeReport.ReportData.Span.SequenceEqual(expected), RejectionCode.AttestationKeyUnbound, "The quoting enclave's report names another attestation key than the quote.");
    }

    private void RequireAbout(TcbInfo info, QeIdentity identity, PckCertificate pck)
    {
        Reject.Unless(info.Id == (IsTdx ? "TDX" : "SGX"), RejectionCode.CollateralMismatch, $"The TCB info is not about {tee}.");
        Reject.Unless(pck.Fmspc.Span.SequenceEqual(info.Fmspc) && pck.PceId.Span.SequenceEqual(info.PceId), RejectionCode.CollateralMismatch,
            "The TCB info is about another platform family (FMSPC) or PCE.", "fetch the TCB info for the FMSPC of this platform's PCK certificate.");
        Reject.Unless(identity.Id == (IsTdx ? "TD_QE" : "QE"), RejectionCode.CollateralMismatch, $"The QE identity is not that of {tee}'s quoting enclave.");
    }

    private static void RequireModule(TcbInfo info, TdReportBody body)
    {
        var module = TcbEvaluation.FindModule(info, body.TeeTcbSvn.Span)
            ?? throw new AttestationException(RejectionCode.TcbNotSupported, $"Intel does not judge generation {body.TeeTcbSvn.Span[1]} of the TDX module.");
        Reject.Unless(!body.SeamAttributes.Span.ContainsAnyExcept((byte)0) && Masked.Equal(body.SeamAttributes.Span, module.AttributesMask, module.Attributes)
            && body.MrSignerSeam.Span.SequenceEqual(module.MrSigner), RejectionCode.ModuleUnknown, "The TDX module is not one of Intel's.");
    }
}
