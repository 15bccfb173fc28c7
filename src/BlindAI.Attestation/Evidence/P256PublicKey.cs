using System.Security.Cryptography;

namespace BlindAI.Attestation.Evidence;

/// <summary>A received P-256 public key: SubjectPublicKeyInfo in the one encoding that we write.</summary>
/// <remarks>
/// Source: RFC 5480 section 2, named curve, uncompressed point. The general import of the library is not used on received bytes: it follows any
/// curve that the bytes name.
/// </remarks>
internal static class P256PublicKey
{
    private const int CoordinateLength = 32;

    // SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING { 0 unused bits, 0x04 X Y } }
    private static ReadOnlySpan<byte> Prefix =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
        0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];

    /// <exception cref="AttestationException"><see cref="RejectionCode.AlgorithmUnsupported"/>: no such key; <see cref="RejectionCode.ValueInvalid"/>: no point of the curve.</exception>
    public static ECDsa Import(ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        Reject.Unless(subjectPublicKeyInfo.Length == Prefix.Length + (2 * CoordinateLength) && subjectPublicKeyInfo.StartsWith(Prefix),
            RejectionCode.AlgorithmUnsupported, "The key is not a P-256 public key in its usual encoding.");
        var point = subjectPublicKeyInfo[Prefix.Length..];
        try
        {
            return ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new() { X = point[..CoordinateLength].ToArray(), Y = point[CoordinateLength..].ToArray() },
            });
        }
        catch (CryptographicException exception)
        {
            throw new AttestationException(RejectionCode.ValueInvalid, "The key is not a point of P-256.", innerException: exception);
        }
    }
}
