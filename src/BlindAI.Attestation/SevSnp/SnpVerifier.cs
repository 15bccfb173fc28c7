using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.SevSnp;

/// <summary>Proves that an AMD processor signed an SEV-SNP report.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 12; AMD publications 56860 (Firmware ABI) and 57230 (VCEK certificate and KDS interface).
/// 1. The report parses. 2. The processor's product is known, and the root is that product's. 3. That root vouches for the signing key, and the key is of the
/// kind that the report names. 4. The root has not revoked its intermediate, if its list is there. 5. The key signed the report. 6. The key's certificate is about
/// this product, TCB and chip. 7. The report answers the challenge.
/// What we think of the guest (debug, TCB, measurement) is another list: <see cref="Judge"/>.
/// </remarks>
public sealed class SnpVerifier : ITeeVerifier
{
    /// <summary>Bytes of a Turin's hwID. Source: AMD publication 57230; CHIP_ID has zeros after them.</summary>
    private const int ChipIdLengthOfTurin = 8;

    private readonly Func<SnpProduct, TrustAnchors> _roots;

    /// <summary>Believes in AMD's roots, each for its own product.</summary>
    public SnpVerifier() => _roots = AmdRoots.Of;

    /// <summary>Believes in these roots; which product one is of is what its certificate's name says.</summary>
    internal SnpVerifier(TrustAnchors roots) => _roots = _ => roots;

    /// <inheritdoc/>
    public TeeKind Tee => TeeKind.SevSnp;

    /// <inheritdoc/>
    public VerifiedEvidence Verify(TeeEvidence evidence, EvidenceChallenge challenge, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        ArgumentNullException.ThrowIfNull(challenge);
        var report = SnpReport.Parse(evidence.Data);                                                            // 1
        var endorsements = new SnpEndorsements(evidence, report.SigningKey);
        var (certificate, ask, ark) = (endorsements.RequireLeaf(), endorsements.RequireAsk(), endorsements.RequireArk());
        var product = DecideProduct(report, ark);                                                               // 2
        CertificateChain.Verify([certificate, ask, ark], _roots(product), now);                                 // 3
        RequireKind(report.SigningKey, product, ask);
        var crl = endorsements.FindCrl();
        crl?.Verify(ark, now);                                                                                  // 4
        crl?.RequireNotRevoked(ask);
        RequireSignature(report, certificate);                                                                  // 5
        var leaf = SnpLeaf.Parse(certificate);
        RequireSameMachine(report, product, leaf);                                                              // 6
        challenge.RequireReportData(report.ReportData.Bytes);                                                   // 7
        var end = CertificateChain.EndOf([certificate, ask, ark]);
        return new VerifiedSnp(report, product, leaf)
        {
            IsFresh = challenge.IsExpected,
            CrlChecked = crl is not null,
            ValidUntil = crl is not null && crl.NextUpdate < end ? crl.NextUpdate : end,
        };
    }

    /// <inheritdoc/>
    public void Judge(VerifiedEvidence evidence, PolicyEntry entry) => SnpJudgement.Judge((VerifiedSnp)evidence, (SnpPolicyEntry)entry);

    /// <inheritdoc/>
    public void JudgeByDefault(VerifiedEvidence evidence)
    {
        var report = ((VerifiedSnp)evidence).Report;
        Reject.Unless(!report.IsDebug, RejectionCode.DebugNotAccepted, "The guest may be debugged: the host may read its memory.");
        Reject.Unless(!report.MayMigrate, RejectionCode.GuestNotAccepted, "A migration agent may take the guest elsewhere.");
        Reject.Unless(report.Vmpl <= SnpPolicyEntry.MaxVmpl, RejectionCode.GuestNotAccepted, "The host asked for the report, not the guest.");
    }

    /// <inheritdoc/>
    public JsonObject Show(TeeEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        var report = SnpReport.Parse(evidence.Data);
        var leaf = new SnpEndorsements(evidence, report.SigningKey).FindLeaf() is { } certificate ? SnpLeaf.Parse(certificate) : null;
        return SnpClaims.Of(report, report.Cpuid is { } cpuid ? cpuid.Product : leaf is null ? null : Find(leaf.IsOf), leaf);
    }

    // Only reports of version 3 and later name the processor. Before that, the product is the one whose root vouches for the key: step 3 proves that it does.
    private static SnpProduct DecideProduct(SnpReport report, Certificate ark)
    {
        var named = Find(product => ark.SubjectCommonName == $"ARK-{product}");
        if (report.Cpuid is not { } cpuid)
        {
            Reject.Unless(named != SnpProduct.Turin, RejectionCode.CertificateMismatch, "The report has a version from before Turin, and the ARK certificate is Turin's.");
            return named ?? throw new AttestationException(RejectionCode.CertificateMismatch, "The ARK certificate is of no product that this version knows.");
        }

        var product = cpuid.Product ?? throw new AttestationException(RejectionCode.VersionUnsupported,
            $"The report is of a processor that this version does not know: family {cpuid.Family:x}h, model {cpuid.Model:x}h.", "a newer client may know it.");
        Reject.Unless(named == product, RejectionCode.CertificateMismatch, $"The report is of a {product} processor, and the ARK certificate is of another product.", $"fetch the certificates of {product}.");
        return product;
    }

    private static SnpProduct? Find(Predicate<SnpProduct> isIt)
    {
        foreach (var product in Enum.GetValues<SnpProduct>())
        {
            if (isIt(product))
            {
                return product;
            }
        }

        return null;
    }

    // An ASK issues VCEKs only, an ASVK VLEKs only, and each for one product.
    private static void RequireKind(SnpSigningKey signingKey, SnpProduct product, Certificate ask) =>
        Reject.Unless(ask.SubjectCommonName == (signingKey == SnpSigningKey.VLEK ? $"SEV-VLEK-{product}" : $"SEV-{product}"), RejectionCode.CertificateMismatch,
            $"The report says that a {signingKey} of {product} signed it, and the key's issuer is not the one that certifies those.");

    private static void RequireSignature(SnpReport report, Certificate leaf)
    {
        using var key = leaf.ImportP384();
        Reject.Unless(key.VerifyData(report.SignedBytes.Span, report.Signature.Span, HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
            RejectionCode.SignatureInvalid, "The SNP report is not signed by the key of its certificate.", "if the server was updated, it may send an old certificate; else the report was altered: stop.");
    }

    private static void RequireSameMachine(SnpReport report, SnpProduct product, SnpLeaf leaf)
    {
        Reject.Unless(leaf.IsOf(product), RejectionCode.CertificateMismatch, $"The certificate of the signing key is not about a {product} processor.");
        Reject.Unless(leaf.IsFor(product, report.ReportedTcb.Span), RejectionCode.CertificateMismatch,
            "The certificate of the signing key is about another TCB than REPORTED_TCB.", "fetch the certificate for this TCB.");
        if (report.SigningKey == SnpSigningKey.VLEK)
        {
            // A VLEK is not of one chip. CHIP_ID, where the host does not mask it, is what the firmware signed.
            Reject.Unless(leaf.HwId is null, RejectionCode.CertificateMismatch, "The certificate of a VLEK names a chip.");
            return;
        }

        var length = product >= SnpProduct.Turin ? ChipIdLengthOfTurin : report.ChipId.Length;
        var hwId = leaf.HwId ?? default;
        Reject.Unless(hwId.Length == length, RejectionCode.CertificateMismatch, $"The certificate of the signing key does not name a chip by {length} bytes.");
        Reject.Unless(report.MaskChipKey ? !report.NamesChip : IsPadded(report.ChipId.Span, hwId.Span), RejectionCode.CertificateMismatch,
            "The certificate of the signing key is about another chip than CHIP_ID.", "fetch the certificate for this chip.");
    }

    private static bool IsPadded(ReadOnlySpan<byte> padded, ReadOnlySpan<byte> value) =>
        padded[..value.Length].SequenceEqual(value) && !padded[value.Length..].ContainsAnyExcept((byte)0);
}
