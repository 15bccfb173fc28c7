using System.Formats.Cbor;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Dcap;

/// <summary>An SGX or TDX quote inside a certificate, in the form that other software reads too: parsed, not yet believed.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 17.9; Confidential Computing Consortium, "Interoperable RA-TLS". The X.509 extension holds CBOR: tag 60000 over [quote, claims buffer]. The claims
/// buffer is itself CBOR: a map of names to byte strings, in it <c>pubkey-hash</c>, the CBOR of [algorithm, digest of the key's SubjectPublicKeyInfo].
/// The quote's report data are the digest of the claims buffer (<see cref="ReportData.ForRaTls"/>). Other claims, such as <c>nonce</c>, are skipped.
/// </remarks>
public sealed class RaTlsEvidence
{
    /// <summary>The object identifier of the extension: tcg-dice-TaggedEvidence.</summary>
    public const string ExtensionOid = "2.23.133.5.4.9";

    /// <summary>Most bytes of the extension's value.</summary>
    public const int MaxLength = 64 * 1024;

    private const ulong QuoteTag = 60000;
    private const string KeyHashClaim = "pubkey-hash";
    private const int MaxClaims = 64;

    // IANA, Named Information Hash Algorithm Registry: sha-256.
    private const uint Sha256Algorithm = 1;

    private RaTlsEvidence(ReadOnlyMemory<byte> quote, ReadOnlyMemory<byte> claimsBuffer, Sha256Digest keyHash)
    {
        Quote = quote;
        ClaimsBuffer = claimsBuffer;
        KeyHash = keyHash;
    }

    /// <summary>The SGX or TDX quote.</summary>
    public ReadOnlyMemory<byte> Quote { get; }

    /// <summary>The claims as received: what the quote's report data are the digest of.</summary>
    public ReadOnlyMemory<byte> ClaimsBuffer { get; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo that the claims name. It must be that of the certificate's own key.</summary>
    public Sha256Digest KeyHash { get; }

    /// <summary>The claims about one key.</summary>
    public static byte[] EncodeClaims(Sha256Digest keyHash)
    {
        ArgumentNullException.ThrowIfNull(keyHash);
        var hash = new CborWriter(CborConformanceMode.Canonical);
        hash.WriteStartArray(2);
        hash.WriteUInt32(Sha256Algorithm);
        hash.WriteByteString(keyHash.Bytes);
        hash.WriteEndArray();
        var claims = new CborWriter(CborConformanceMode.Canonical);
        claims.WriteStartMap(1);
        claims.WriteTextString(KeyHashClaim);
        claims.WriteByteString(hash.Encode());
        claims.WriteEndMap();
        return claims.Encode();
    }

    /// <summary>The value of the extension.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> quote, ReadOnlySpan<byte> claimsBuffer)
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteTag((CborTag)QuoteTag);
        writer.WriteStartArray(2);
        writer.WriteByteString(quote);
        writer.WriteByteString(claimsBuffer);
        writer.WriteEndArray();
        return writer.Encode();
    }

    /// <summary>Reads the value of the extension.</summary>
    /// <exception cref="AttestationException">The 1xx or 2xx family.</exception>
    public static RaTlsEvidence Parse(ReadOnlyMemory<byte> extension)
    {
        Reject.Unless(extension.Length <= MaxLength, RejectionCode.TooLarge, $"The RA-TLS extension has {extension.Length} bytes; the limit is {MaxLength}.");
        try
        {
            // Strict, and not canonical: the form asks for no order of the claims.
            var reader = new CborReader(extension, CborConformanceMode.Strict);
            Reject.Unless(reader.ReadTag() == (CborTag)QuoteTag, RejectionCode.VersionUnsupported, "The RA-TLS extension holds something other than an SGX or TDX quote.");
            Reject.Unless(reader.ReadStartArray() == 2, RejectionCode.EncodingInvalid, "The RA-TLS extension is no pair of quote and claims.");
            var quote = reader.ReadDefiniteLengthByteString();
            var claims = reader.ReadDefiniteLengthByteString();
            reader.ReadEndArray();
            Reject.Unless(reader.BytesRemaining == 0, RejectionCode.TrailingBytes, "Bytes follow the RA-TLS evidence.");
            return new(quote, claims, ReadClaims(claims));
        }
        catch (Exception exception) when (exception is CborContentException or InvalidOperationException or OverflowException)
        {
            throw new AttestationException(RejectionCode.EncodingInvalid, "The RA-TLS extension is not the CBOR that it must be.", innerException: exception);
        }
    }

    /// <summary>Reads the extension of a certificate; null when it has none.</summary>
    /// <exception cref="AttestationException">The 1xx or 2xx family.</exception>
    public static RaTlsEvidence? FromCertificate(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        var extensions = certificate.Extensions.Where(extension => extension.Oid?.Value == ExtensionOid).ToList();
        Reject.Unless(extensions.Count <= 1, RejectionCode.MemberDuplicate, "The certificate has two RA-TLS extensions.");
        return extensions is [var only] ? Parse(only.RawData) : null;
    }

    /// <summary>The extension with evidence in it: not critical, since TLS libraries refuse critical ones that they do not know.</summary>
    public static X509Extension ToExtension(ReadOnlySpan<byte> quote, ReadOnlySpan<byte> claimsBuffer) => new(ExtensionOid, Encode(quote, claimsBuffer), critical: false);

    private static Sha256Digest ReadClaims(ReadOnlyMemory<byte> claims)
    {
        var reader = new CborReader(claims, CborConformanceMode.Strict);
        var count = reader.ReadStartMap();
        Reject.Unless(count is not null, RejectionCode.EncodingInvalid, "The RA-TLS claims are of indefinite length.");
        Reject.Unless(count <= MaxClaims, RejectionCode.TooLarge, $"There are {count} RA-TLS claims; the most is {MaxClaims}.");
        Sha256Digest? keyHash = null;
        for (var left = count.Value; left > 0; left--)
        {
            var name = reader.ReadTextString();
            var value = reader.ReadDefiniteLengthByteString();
            if (name == KeyHashClaim)
            {
                keyHash = ReadKeyHash(value);
            }
        }

        reader.ReadEndMap();
        Reject.Unless(reader.BytesRemaining == 0, RejectionCode.TrailingBytes, "Bytes follow the RA-TLS claims.");
        return keyHash ?? throw new AttestationException(RejectionCode.MemberMissing, $"The RA-TLS claims have no \"{KeyHashClaim}\".");
    }

    private static Sha256Digest ReadKeyHash(ReadOnlyMemory<byte> encoded)
    {
        var reader = new CborReader(encoded, CborConformanceMode.Strict);
        Reject.Unless(reader.ReadStartArray() == 2, RejectionCode.EncodingInvalid, $"The RA-TLS claim \"{KeyHashClaim}\" is no pair of algorithm and digest.");
        Reject.Unless(reader.ReadUInt64() == Sha256Algorithm, RejectionCode.AlgorithmUnsupported, $"The RA-TLS claim \"{KeyHashClaim}\" uses another digest than SHA-256.");
        var digest = reader.ReadDefiniteLengthByteString();
        reader.ReadEndArray();
        Reject.Unless(reader.BytesRemaining == 0, RejectionCode.TrailingBytes, $"Bytes follow the RA-TLS claim \"{KeyHashClaim}\".");
        Reject.Unless(digest.Length == Sha256Digest.Length, RejectionCode.ValueInvalid, $"The digest of the RA-TLS claim \"{KeyHashClaim}\" has {digest.Length} bytes, not {Sha256Digest.Length}.");
        return new(digest.Span);
    }
}
