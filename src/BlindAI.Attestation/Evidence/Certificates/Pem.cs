using System.Security.Cryptography;
using System.Text;

namespace BlindAI.Attestation.Evidence.Certificates;

/// <summary>Certificates and lists as vendors' services send them: PEM, DER, or the hexadecimal of DER.</summary>
internal static class Pem
{
    /// <summary>Most certificates that are read from one text.</summary>
    private const int MaxCertificates = 16;

    private const byte DerSequence = 0x30;

    private static ReadOnlySpan<byte> Begin => "-----BEGIN "u8;

    /// <summary>Reads certificates in their order: PEM, after which a NUL may follow as in quotes, or DER one after the other.</summary>
    /// <exception cref="AttestationException">The 1xx family.</exception>
    public static IReadOnlyList<Certificate> ReadCertificates(ReadOnlyMemory<byte> bytes)
    {
        Reject.Unless(bytes.Length <= MaxCertificates * Certificate.MaxLength, RejectionCode.TooLarge, $"A certificate chain has {bytes.Length} bytes; the limit is {MaxCertificates * Certificate.MaxLength}.");
        if (IsDer(bytes.Span))
        {
            return [.. SplitDer(bytes).Select(Certificate.Parse)];
        }

        var certificates = new List<Certificate>();
        var text = ReadText(bytes.Span);
        RequireFewObjects(text, MaxCertificates);
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            Reject.Unless(certificates.Count < MaxCertificates, RejectionCode.TooLarge, $"A certificate chain has more than {MaxCertificates} certificates.");
            Reject.Unless(rest[fields.Label] is "CERTIFICATE", RejectionCode.EncodingInvalid, "A certificate chain holds something that is no certificate.");
            RequireBlank(rest[..fields.Location.Start.Value]);
            certificates.Add(Certificate.Parse(Convert.FromBase64String(rest[fields.Base64Data].ToString())));
            rest = rest[fields.Location.End.Value..];
        }

        RequireBlank(rest);
        Reject.Unless(certificates.Count > 0, RejectionCode.EncodingInvalid, "A certificate chain holds no certificate.");
        return certificates;
    }

    // Certificates one after the other, as Intel's own sample has them.
    private static List<ReadOnlyMemory<byte>> SplitDer(ReadOnlyMemory<byte> bytes) => Der.Read(bytes, "A certificate chain", reader =>
    {
        var parts = new List<ReadOnlyMemory<byte>>();
        while (reader.HasData)
        {
            Reject.Unless(parts.Count < MaxCertificates, RejectionCode.TooLarge, $"A certificate chain has more than {MaxCertificates} certificates.");
            parts.Add(reader.ReadEncodedValue());
        }

        return parts;
    });

    /// <summary>The DER of one object.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EncodingInvalid"/>.</exception>
    public static ReadOnlyMemory<byte> Decode(ReadOnlyMemory<byte> bytes, string label)
    {
        if (IsDer(bytes.Span))
        {
            return bytes;
        }

        var text = ReadText(bytes.Span).AsSpan().Trim();
        if (bytes.Span.StartsWith(Begin))
        {
            RequireFewObjects(text, MaxCertificates);
            Reject.Unless(PemEncoding.TryFind(text, out var fields) && text[fields.Label].SequenceEqual(label) && text[fields.Location].Length == text.Length,
                RejectionCode.EncodingInvalid, $"The PEM text is not one \"{label}\".");
            return Convert.FromBase64String(text[fields.Base64Data].ToString());
        }

        try
        {
            return Convert.FromHexString(text);
        }
        catch (FormatException exception)
        {
            throw new AttestationException(RejectionCode.EncodingInvalid, $"A \"{label}\" is neither DER nor PEM nor hexadecimal.", innerException: exception);
        }
    }

    // DER of our objects has more than 255 bytes, so its second byte is 0x82 or so; hexadecimal text that begins with the digit "0" has no such byte.
    private static bool IsDer(ReadOnlySpan<byte> bytes) => bytes.Length > 1 && bytes[0] == DerSequence && bytes[1] >= 0x80;

    private static string ReadText(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes.TrimEnd((byte)0);
        Reject.Unless(Ascii.IsValid(bytes), RejectionCode.EncodingInvalid, "A PEM text is not ASCII.");
        return Encoding.ASCII.GetString(bytes);
    }

    // The search for an object begins anew behind every beginning that has no end.
    private static void RequireFewObjects(ReadOnlySpan<char> text, int max) =>
        Reject.Unless(text.Count("-----BEGIN") <= max, RejectionCode.TooLarge, $"A PEM text holds more than {max} objects.");

    private static void RequireBlank(ReadOnlySpan<char> text) =>
        Reject.Unless(text.IsWhiteSpace(), RejectionCode.EncodingInvalid, "A certificate chain holds something between its certificates.");
}
