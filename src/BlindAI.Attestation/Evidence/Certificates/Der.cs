using System.Formats.Asn1;
using System.Security.Cryptography;

namespace BlindAI.Attestation.Evidence.Certificates;

/// <summary>Reads DER; whatever is not DER is refused with a code.</summary>
internal static class Der
{
    /// <exception cref="AttestationException"><see cref="RejectionCode.EncodingInvalid"/>, or what <paramref name="read"/> refuses.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> bytes, string what, Func<AsnReader, T> read)
    {
        try
        {
            return read(new AsnReader(bytes, AsnEncodingRules.DER));
        }
        catch (Exception exception) when (exception is AsnContentException or CryptographicException)
        {
            throw new AttestationException(RejectionCode.EncodingInvalid, $"{what} is not valid DER.", innerException: exception);
        }
    }

    /// <summary>Reads a time of a certificate or list: UTCTime until 2049, GeneralizedTime from then on (RFC 5280 section 4.1.2.5).</summary>
    public static DateTimeOffset ReadTime(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime(twoDigitYearMax: 2049) : reader.ReadGeneralizedTime();

    /// <summary>Reads a BIT STRING that is whole bytes: there is one encoding of a signature.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EncodingInvalid"/>.</exception>
    public static byte[] ReadWholeBytes(AsnReader reader, string what)
    {
        var bytes = reader.ReadBitString(out var unused);
        Reject.Unless(unused == 0, RejectionCode.EncodingInvalid, $"{what} is not a whole number of bytes.");
        return bytes;
    }

    /// <summary>Reads an AlgorithmIdentifier.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.AlgorithmUnsupported"/>.</exception>
    public static SignatureAlgorithm ReadSignatureAlgorithm(AsnReader reader)
    {
        var sequence = reader.ReadSequence();
        switch (sequence.ReadObjectIdentifier())
        {
            case "1.2.840.10045.4.3.2":
                sequence.ThrowIfNotEmpty();
                return SignatureAlgorithm.EcdsaSha256;
            case "1.2.840.10045.4.3.3":
                sequence.ThrowIfNotEmpty();
                return SignatureAlgorithm.EcdsaSha384;
            case "1.2.840.113549.1.1.10" when IsPssSha384(sequence.ReadSequence()):
                sequence.ThrowIfNotEmpty();
                return SignatureAlgorithm.RsaPssSha384;
            default:
                throw new AttestationException(RejectionCode.AlgorithmUnsupported, "A certificate or list is signed with an algorithm that no vendor uses here.");
        }
    }

    // RFC 4055 section 3.1: [0] hash, [1] MGF1 with a hash, [2] salt length, [3] trailer field (1, which is the default).
    private static bool IsPssSha384(AsnReader parameters)
    {
        var hash = parameters.ReadSequence(new(TagClass.ContextSpecific, 0));
        var mask = parameters.ReadSequence(new(TagClass.ContextSpecific, 1)).ReadSequence();
        var salt = parameters.ReadSequence(new(TagClass.ContextSpecific, 2));
        var trailer = parameters.HasData ? parameters.ReadSequence(new(TagClass.ContextSpecific, 3)) : null;
        parameters.ThrowIfNotEmpty();
        return IsSha384(hash) && mask.ReadObjectIdentifier() == "1.2.840.113549.1.1.8" && IsSha384(mask)
            && salt.TryReadInt32(out var length) && length == SHA384.HashSizeInBytes
            && (trailer is null || (trailer.TryReadInt32(out var field) && field == 1));
    }

    private static bool IsSha384(AsnReader reader) => reader.ReadSequence().ReadObjectIdentifier() == "2.16.840.1.101.3.4.2.2";
}
