using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BlindAI.Attestation.Evidence.Certificates;

/// <summary>An X.509 certificate: parsed, not yet believed.</summary>
/// <remarks>
/// Source: RFC 5280 section 4.1. Parsed here and not by the platform's library, so that every platform decides alike: vendors use serial number 0, dates in
/// the year 9999 and PSS parameters that libraries treat differently.
/// </remarks>
internal sealed class Certificate
{
    /// <summary>Most bytes of one certificate.</summary>
    public const int MaxLength = 16 * 1024;

    private const int MaxExtensions = 32;

    private const string BasicConstraints = "2.5.29.19";
    private const string KeyUsage = "2.5.29.15";
    private const string CommonName = "2.5.4.3";

    /// <summary>The certificate as received.</summary>
    public required ReadOnlyMemory<byte> Encoded { get; init; }

    /// <summary>The bytes that the issuer signed.</summary>
    public required ReadOnlyMemory<byte> SignedBytes { get; init; }

    /// <summary>The serial number as encoded.</summary>
    public required ReadOnlyMemory<byte> SerialNumber { get; init; }

    /// <summary>The issuer's name, DER.</summary>
    public required ReadOnlyMemory<byte> Issuer { get; init; }

    /// <summary>The subject's name, DER.</summary>
    public required ReadOnlyMemory<byte> Subject { get; init; }

    /// <summary>The first instant of its validity.</summary>
    public required DateTimeOffset NotBefore { get; init; }

    /// <summary>The last instant of its validity.</summary>
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>The subject's key, DER.</summary>
    public required ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; init; }

    /// <summary>How the issuer signed.</summary>
    public required SignatureAlgorithm SignatureAlgorithm { get; init; }

    /// <summary>The issuer's signature.</summary>
    public required ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>Values of the extensions by OID.</summary>
    public required IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Extensions { get; init; }

    /// <summary>OIDs of the critical extensions that this parser does not interpret.</summary>
    public required IReadOnlyList<string> UnknownCriticalExtensions { get; init; }

    /// <summary>Whether it may issue certificates (basicConstraints).</summary>
    public required bool IsAuthority { get; init; }

    /// <summary>How many authorities may stand between it and a leaf; null for any number.</summary>
    public required int? PathLength { get; init; }

    /// <summary>Whether keyUsage, if there is one, lets it sign certificates.</summary>
    public required bool MaySignCertificates { get; init; }

    /// <summary>Whether keyUsage, if there is one, lets it sign revocation lists.</summary>
    public required bool MaySignLists { get; init; }

    /// <summary>The subject's common name; empty when it has none.</summary>
    public string SubjectCommonName => ReadCommonName(Subject);

    /// <summary>The issuer's common name; empty when it has none.</summary>
    public string IssuerCommonName => ReadCommonName(Issuer);

    /// <summary>Reads one certificate.</summary>
    /// <exception cref="AttestationException">The 1xx family, or <see cref="RejectionCode.AlgorithmUnsupported"/>.</exception>
    public static Certificate Parse(ReadOnlyMemory<byte> der)
    {
        Reject.Unless(der.Length <= MaxLength, RejectionCode.TooLarge, $"A certificate has {der.Length} bytes; the limit is {MaxLength}.");
        return Der.Read(der, "A certificate", reader => Read(der, reader));
    }

    /// <summary>Whether the other certificate's key signed this one, and the names say so too.</summary>
    public bool IsSignedBy(Certificate issuer) => Issuer.Span.SequenceEqual(issuer.Subject.Span) && VerifiedSignatures.Holds(issuer, SignatureAlgorithm, SignedBytes, Signature);

    /// <summary>Takes the subject's key.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.AlgorithmUnsupported"/>: it is not of P-256; <see cref="RejectionCode.ValueInvalid"/>: no point of the curve.</exception>
    public ECDsa ImportP256() => PublicKeyInfo.ImportP256(SubjectPublicKeyInfo.Span);

    /// <summary>Takes the subject's key.</summary>
    /// <remarks>
    /// The platform takes the key out of the certificate. It checks that the point is on the curve, as the import of parameters does, but does not multiply it by the
    /// curve's order: on a curve of prime order that says nothing more, and for P-384 it costs more than the signature.
    /// </remarks>
    /// <exception cref="AttestationException"><see cref="RejectionCode.AlgorithmUnsupported"/>: it is not of P-384; <see cref="RejectionCode.ValueInvalid"/>: no point of the curve.</exception>
    public ECDsa ImportP384()
    {
        PublicKeyInfo.RequireP384(SubjectPublicKeyInfo.Span);
        try
        {
            using var platform = X509CertificateLoader.LoadCertificate(Encoded.Span);
            Reject.Unless(PublicKeyInfo.IsP384Point(SubjectPublicKeyInfo.Span, platform.GetPublicKey()), RejectionCode.ValueInvalid, "A certificate can be read in two ways.");
            return platform.GetECDsaPublicKey() ?? throw new AttestationException(RejectionCode.ValueInvalid, "The key of a certificate cannot be used.");
        }
        catch (CryptographicException exception)
        {
            throw new AttestationException(RejectionCode.ValueInvalid, "The key of a certificate is not a point of its curve.", innerException: exception);
        }
    }

    private static Certificate Read(ReadOnlyMemory<byte> der, AsnReader reader)
    {
        var certificate = reader.ReadSequence();
        Reject.Unless(!reader.HasData, RejectionCode.TrailingBytes, "Bytes follow a certificate.");
        var signed = certificate.PeekEncodedValue();
        var body = certificate.ReadSequence();
        var outerAlgorithm = certificate.PeekEncodedValue();
        var algorithm = Der.ReadSignatureAlgorithm(certificate);
        var signature = Der.ReadWholeBytes(certificate, "The signature of a certificate");
        certificate.ThrowIfNotEmpty();

        var versionTag = new Asn1Tag(TagClass.ContextSpecific, 0);
        var version = body.ReadSequence(versionTag);
        Reject.Unless(version.TryReadInt32(out var number) && number == 2, RejectionCode.VersionUnsupported, "A certificate has another version than 3.");
        var serial = body.ReadIntegerBytes();
        Reject.Unless(body.ReadEncodedValue().Span.SequenceEqual(outerAlgorithm.Span), RejectionCode.ValueInvalid, "A certificate names two signature algorithms.");
        var issuer = body.ReadEncodedValue();
        var validity = body.ReadSequence();
        var (notBefore, notAfter) = (Der.ReadTime(validity), Der.ReadTime(validity));
        validity.ThrowIfNotEmpty();
        var subject = body.ReadEncodedValue();
        var key = body.ReadEncodedValue();
        var extensions = ReadExtensions(body, out var critical);
        body.ThrowIfNotEmpty();

        var (isAuthority, pathLength) = ReadBasicConstraints(extensions);
        var (certificates, lists) = ReadKeyUsage(extensions);
        return new()
        {
            Encoded = der,
            SignedBytes = signed,
            SerialNumber = serial,
            Issuer = issuer,
            Subject = subject,
            NotBefore = notBefore,
            NotAfter = notAfter,
            SubjectPublicKeyInfo = key,
            SignatureAlgorithm = algorithm,
            Signature = signature,
            Extensions = extensions,
            UnknownCriticalExtensions = [.. critical.Where(oid => oid is not (BasicConstraints or KeyUsage))],
            IsAuthority = isAuthority,
            PathLength = pathLength,
            MaySignCertificates = certificates,
            MaySignLists = lists,
        };
    }

    private static Dictionary<string, ReadOnlyMemory<byte>> ReadExtensions(AsnReader body, out List<string> critical)
    {
        var extensions = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        critical = [];
        if (!body.HasData)
        {
            return extensions;
        }

        var wrapper = body.ReadSequence(new(TagClass.ContextSpecific, 3));
        var list = wrapper.ReadSequence();
        wrapper.ThrowIfNotEmpty();
        while (list.HasData)
        {
            var extension = list.ReadSequence();
            var oid = extension.ReadObjectIdentifier();
            var isCritical = extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean();
            Reject.Unless(extensions.Count < MaxExtensions, RejectionCode.TooLarge, $"A certificate has more than {MaxExtensions} extensions.");
            Reject.Unless(extensions.TryAdd(oid, extension.ReadOctetString()), RejectionCode.MemberDuplicate, $"A certificate has the extension {oid} twice.");
            extension.ThrowIfNotEmpty();
            if (isCritical)
            {
                critical.Add(oid);
            }
        }

        return extensions;
    }

    private static (bool IsAuthority, int? PathLength) ReadBasicConstraints(Dictionary<string, ReadOnlyMemory<byte>> extensions)
    {
        if (!extensions.TryGetValue(BasicConstraints, out var value))
        {
            return (false, null);
        }

        var reader = new AsnReader(value, AsnEncodingRules.DER);
        var constraints = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        var isAuthority = constraints.HasData && constraints.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && constraints.ReadBoolean();
        int? pathLength = null;
        if (constraints.HasData)
        {
            Reject.Unless(constraints.TryReadInt32(out var length) && length >= 0, RejectionCode.ValueInvalid, "A certificate has a path length that is no length.");
            pathLength = length;
        }

        constraints.ThrowIfNotEmpty();
        return (isAuthority, pathLength);
    }

    private static (bool Certificates, bool Lists) ReadKeyUsage(Dictionary<string, ReadOnlyMemory<byte>> extensions)
    {
        if (!extensions.TryGetValue(KeyUsage, out var value))
        {
            return (true, true);
        }

        // Bit 0 is the highest bit of the first byte; keyCertSign is bit 5, cRLSign bit 6 (RFC 5280 section 4.2.1.3).
        var reader = new AsnReader(value, AsnEncodingRules.DER);
        var bits = reader.ReadBitString(out _);
        reader.ThrowIfNotEmpty();
        var first = bits.Length == 0 ? 0 : bits[0];
        return ((first & 0x04) != 0, (first & 0x02) != 0);
    }

    // Names are compared as bytes and shown only: the last common name counts, other attributes are skipped.
    private static string ReadCommonName(ReadOnlyMemory<byte> name) => Der.Read(name, "A name in a certificate", reader =>
    {
        var parts = reader.ReadSequence();
        var commonName = "";
        while (parts.HasData)
        {
            var attributes = parts.ReadSetOf(skipSortOrderValidation: true);
            while (attributes.HasData)
            {
                var attribute = attributes.ReadSequence();
                if (attribute.ReadObjectIdentifier() == CommonName)
                {
                    var tag = attribute.PeekTag();
                    commonName = tag.TagValue is (int)UniversalTagNumber.UTF8String or (int)UniversalTagNumber.PrintableString or (int)UniversalTagNumber.IA5String
                        ? attribute.ReadCharacterString((UniversalTagNumber)tag.TagValue)
                        : commonName;
                }
            }
        }

        return commonName;
    });
}
