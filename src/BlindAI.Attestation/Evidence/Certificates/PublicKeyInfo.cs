using System.Formats.Asn1;
using System.Security.Cryptography;

namespace BlindAI.Attestation.Evidence.Certificates;

/// <summary>A received public key: SubjectPublicKeyInfo of P-256, P-384 or RSA, in the one encoding of each.</summary>
/// <remarks>
/// Source: RFC 5480 section 2 (named curve, uncompressed point) and RFC 3279 section 2.3.1. The general import of the library is not used on received
/// bytes: it follows any curve or size that the bytes name.
/// </remarks>
internal static class PublicKeyInfo
{
    private const int MinRsaBits = 2048;
    private const int MaxRsaBits = 4096;

    // SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING { 0 unused bits, 0x04 X Y } }
    private static ReadOnlySpan<byte> P256Prefix =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
        0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];

    // The same with secp384r1.
    private static ReadOnlySpan<byte> P384Prefix =>
    [
        0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
        0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04,
    ];

    // AlgorithmIdentifier { rsaEncryption, NULL }
    private static ReadOnlySpan<byte> RsaAlgorithm => [0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00];

    /// <exception cref="AttestationException"><see cref="RejectionCode.AlgorithmUnsupported"/>: no such key; <see cref="RejectionCode.ValueInvalid"/>: no point of the curve.</exception>
    public static ECDsa ImportP256(ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        RequireForm(subjectPublicKeyInfo, P256Prefix, "P-256");
        return ImportPoint(subjectPublicKeyInfo[P256Prefix.Length..], ECCurve.NamedCurves.nistP256);
    }

    /// <summary>Decides whether a key is one of P-384, without importing it.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.AlgorithmUnsupported"/>.</exception>
    public static void RequireP384(ReadOnlySpan<byte> subjectPublicKeyInfo) => RequireForm(subjectPublicKeyInfo, P384Prefix, "P-384");

    /// <summary>Whether the point (0x04 ‖ X ‖ Y) is that of a key of P-384.</summary>
    public static bool IsP384Point(ReadOnlySpan<byte> subjectPublicKeyInfo, ReadOnlySpan<byte> point) => subjectPublicKeyInfo[(P384Prefix.Length - 1)..].SequenceEqual(point);

    /// <summary>Takes a point as X ‖ Y, each as long as the curve's field.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.ValueInvalid"/>: no point of the curve.</exception>
    public static ECDsa ImportPoint(ReadOnlySpan<byte> point, ECCurve curve)
    {
        var half = point.Length / 2;
        try
        {
            return ECDsa.Create(new ECParameters { Curve = curve, Q = new() { X = point[..half].ToArray(), Y = point[half..].ToArray() } });
        }
        catch (CryptographicException exception)
        {
            throw new AttestationException(RejectionCode.ValueInvalid, "The key is not a point of its curve.", innerException: exception);
        }
    }

    /// <exception cref="AttestationException"><see cref="RejectionCode.AlgorithmUnsupported"/>: no RSA key of 2048 to 4096 bits; the 1xx family.</exception>
    public static RSA ImportRsa(ReadOnlyMemory<byte> subjectPublicKeyInfo)
    {
        var key = Der.Read(subjectPublicKeyInfo, "The RSA key", reader =>
        {
            var info = reader.ReadSequence();
            reader.ThrowIfNotEmpty();
            Reject.Unless(info.ReadEncodedValue().Span.SequenceEqual(RsaAlgorithm), RejectionCode.AlgorithmUnsupported, "The key is not an RSA key in its usual encoding.");
            var bits = info.ReadBitString(out var unused);
            info.ThrowIfNotEmpty();
            Reject.Unless(unused == 0, RejectionCode.EncodingInvalid, "The RSA key is not a whole number of bytes.");
            var inner = new AsnReader(bits, AsnEncodingRules.DER);
            var pair = inner.ReadSequence();
            inner.ThrowIfNotEmpty();
            var (modulus, exponent) = (pair.ReadIntegerBytes(), pair.ReadIntegerBytes());
            pair.ThrowIfNotEmpty();
            return (Modulus: modulus, Exponent: exponent);
        });
        return ImportRsa(key.Modulus.Span, key.Exponent.Span);
    }

    /// <summary>Takes modulus and exponent as unsigned big-endian numbers.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.AlgorithmUnsupported"/>.</exception>
    public static RSA ImportRsa(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent)
    {
        modulus = modulus.TrimStart((byte)0);
        exponent = exponent.TrimStart((byte)0);
        Reject.Unless(modulus.Length * 8 is >= MinRsaBits and <= MaxRsaBits && exponent.Length is > 0 and <= 4 && exponent[^1] % 2 == 1 && exponent is not [1], RejectionCode.AlgorithmUnsupported,
            $"The RSA key has {modulus.Length * 8} bits and an exponent of {exponent.Length} bytes; {MinRsaBits} to {MaxRsaBits} bits and an odd exponent of at most 4 bytes may be used.");
        try
        {
            return RSA.Create(new RSAParameters { Modulus = modulus.ToArray(), Exponent = exponent.ToArray() });
        }
        catch (CryptographicException exception)
        {
            throw new AttestationException(RejectionCode.ValueInvalid, "The RSA key cannot be used.", innerException: exception);
        }
    }

    private static void RequireForm(ReadOnlySpan<byte> subjectPublicKeyInfo, ReadOnlySpan<byte> prefix, string name) =>
        Reject.Unless(subjectPublicKeyInfo.StartsWith(prefix) && subjectPublicKeyInfo.Length == 2 + prefix[1],
            RejectionCode.AlgorithmUnsupported, $"The key is not a {name} public key in its usual encoding.");
}
