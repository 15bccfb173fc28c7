using System.Formats.Asn1;

namespace BlindAI.Attestation.Evidence.Certificates;

/// <summary>A certificate revocation list: parsed, not yet believed.</summary>
/// <remarks>Source: RFC 5280 section 5.1. Intel's and AMD's lists are complete lists, never deltas.</remarks>
internal sealed class RevocationList
{
    /// <summary>Most bytes of one list.</summary>
    public const int MaxLength = 256 * 1024;

    private const string DeltaIndicator = "2.5.29.27";
    private const string IssuingDistributionPoint = "2.5.29.28";

    /// <summary>The issuer's name, DER.</summary>
    public required ReadOnlyMemory<byte> Issuer { get; init; }

    /// <summary>When it was issued.</summary>
    public required DateTimeOffset ThisUpdate { get; init; }

    /// <summary>By when the next one comes.</summary>
    public required DateTimeOffset NextUpdate { get; init; }

    /// <summary>When each revoked certificate was revoked, by serial number in lower-case hexadecimal as encoded.</summary>
    public required IReadOnlyDictionary<string, DateTimeOffset> Revoked { get; init; }

    private ReadOnlyMemory<byte> SignedBytes { get; init; }

    private SignatureAlgorithm SignatureAlgorithm { get; init; }

    private ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>Reads a list in DER, PEM, or the hexadecimal of DER, as Intel's and its caches' services send it.</summary>
    /// <exception cref="AttestationException">The 1xx family, or <see cref="RejectionCode.AlgorithmUnsupported"/>.</exception>
    public static RevocationList Parse(ReadOnlyMemory<byte> bytes)
    {
        // Twice the limit: hexadecimal and PEM are larger than what they encode.
        Reject.Unless(bytes.Length <= 2 * MaxLength, RejectionCode.TooLarge, $"A revocation list has {bytes.Length} bytes; the limit is {MaxLength}.");
        var der = Pem.Decode(bytes, "X509 CRL");
        Reject.Unless(der.Length <= MaxLength, RejectionCode.TooLarge, $"A revocation list has {der.Length} bytes; the limit is {MaxLength}.");
        return Der.Read(der, "A revocation list", Read);
    }

    /// <summary>Decides whether its issuer signed it and it is current.</summary>
    /// <remarks>1. It is of that issuer. 2. The issuer may sign lists, and signed it. 3. It is current.</remarks>
    /// <exception cref="AttestationException">
    /// <see cref="RejectionCode.CollateralMismatch"/>, <see cref="RejectionCode.CollateralSignatureInvalid"/>, <see cref="RejectionCode.CollateralNotYetValid"/>,
    /// <see cref="RejectionCode.CollateralExpired"/>.
    /// </exception>
    public void Verify(Certificate issuer, DateTimeOffset now)
    {
        var name = Shown.Text(issuer.SubjectCommonName);
        Reject.Unless(Issuer.Span.SequenceEqual(issuer.Subject.Span), RejectionCode.CollateralMismatch, $"The revocation list is of another authority than \"{name}\".");     // 1
        Reject.Unless(issuer.MaySignLists && VerifiedSignatures.Holds(issuer, SignatureAlgorithm, SignedBytes, Signature),
            RejectionCode.CollateralSignatureInvalid, $"The revocation list is not signed by \"{name}\".");                                                                    // 2
        Freshness.Require($"The revocation list of \"{name}\"", ThisUpdate, NextUpdate, now);                                                                                  // 3
    }

    /// <exception cref="AttestationException"><see cref="RejectionCode.CertificateRevoked"/>.</exception>
    public void RequireNotRevoked(Certificate certificate) =>
        Reject.Unless(!Revoked.ContainsKey(Convert.ToHexStringLower(certificate.SerialNumber.Span)), RejectionCode.CertificateRevoked,
            $"The certificate \"{Shown.Text(certificate.SubjectCommonName)}\" is revoked by its issuer.", "stop: the vendor no longer vouches for this key.");

    private static RevocationList Read(AsnReader reader)
    {
        var list = reader.ReadSequence();
        Reject.Unless(!reader.HasData, RejectionCode.TrailingBytes, "Bytes follow a revocation list.");
        var signed = list.PeekEncodedValue();
        var body = list.ReadSequence();
        var outerAlgorithm = list.PeekEncodedValue();
        var algorithm = Der.ReadSignatureAlgorithm(list);
        var signature = Der.ReadWholeBytes(list, "The signature of a revocation list");
        list.ThrowIfNotEmpty();

        Reject.Unless(body.PeekTag().HasSameClassAndValue(Asn1Tag.Integer) && body.TryReadInt32(out var version) && version == 1, RejectionCode.VersionUnsupported,
            "A revocation list has another version than 2.");
        Reject.Unless(body.ReadEncodedValue().Span.SequenceEqual(outerAlgorithm.Span), RejectionCode.ValueInvalid, "A revocation list names two signature algorithms.");
        var issuer = body.ReadEncodedValue();
        var (thisUpdate, nextUpdate) = (Der.ReadTime(body), Der.ReadTime(body));
        var revoked = body.HasData && body.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence) ? ReadRevoked(body.ReadSequence()) : [];
        if (body.HasData)
        {
            RequireComplete(body);
        }

        body.ThrowIfNotEmpty();
        return new()
        {
            Issuer = issuer,
            ThisUpdate = thisUpdate,
            NextUpdate = nextUpdate,
            Revoked = revoked,
            SignedBytes = signed,
            SignatureAlgorithm = algorithm,
            Signature = signature,
        };
    }

    // The count is bounded by the list's bytes: an entry has more than ten.
    private static Dictionary<string, DateTimeOffset> ReadRevoked(AsnReader entries)
    {
        var revoked = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        while (entries.HasData)
        {
            var entry = entries.ReadSequence();
            var serial = Convert.ToHexStringLower(entry.ReadIntegerBytes().Span);
            Reject.Unless(revoked.TryAdd(serial, Der.ReadTime(entry)), RejectionCode.MemberDuplicate, "A revocation list names a certificate twice.");
            if (entry.HasData)
            {
                RequireNothingCritical(entry.ReadSequence());
                entry.ThrowIfNotEmpty();
            }
        }

        return revoked;
    }

    // A delta, or a list of some certificates only, would leave revoked ones unseen.
    private static void RequireComplete(AsnReader body)
    {
        var wrapper = body.ReadSequence(new(TagClass.ContextSpecific, 0));
        var extensions = wrapper.ReadSequence();
        wrapper.ThrowIfNotEmpty();
        RequireNothingCritical(extensions);
    }

    // The certificateIssuer of an entry, which would make the list one of several authorities, is critical (RFC 5280 section 5.3.3).
    private static void RequireNothingCritical(AsnReader extensions)
    {
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            Reject.Unless(extension.ReadObjectIdentifier() is not (DeltaIndicator or IssuingDistributionPoint), RejectionCode.ValueInvalid,
                "A revocation list is not a complete one.");
            var isCritical = extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean();
            Reject.Unless(!isCritical, RejectionCode.ValueInvalid, "A revocation list has a critical extension that this version does not know.");
            _ = extension.ReadOctetString();
            extension.ThrowIfNotEmpty();
        }
    }
}
