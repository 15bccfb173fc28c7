using BlindAI.Attestation.Evidence;
using BlindAI.Client;

namespace BlindAI.Cli.Attest;

/// <summary>The file of <c>blindai attest --save</c>: an exchange as it was received, so that it can be verified again offline.</summary>
/// <remarks>
/// Source: docs/cli.md, "Saved evidence". Byte strings are base64url without padding; <c>evidence</c> is the server's own JSON, byte for byte.
/// A nonce protects nothing once it has been used, so keeping it is safe.
/// </remarks>
internal static class SavedEvidence
{
    public const int Version = 1;

    public static byte[] Encode(EvidenceTranscript transcript) => JsonOutput.Encode(writer =>
    {
        writer.WriteStartObject();
        writer.WriteNumber("version", Version);
        writer.WriteString("host", transcript.Seen.Host);
        writer.WriteString("receivedAt", Printable.Instant(transcript.ReceivedAt));
        writer.WriteString("nonce", StrictBase64Url.Encode(transcript.Seen.Nonce.Bytes.Span));
        if (transcript is { Seen: TlsObservation seen, TlsKey: { } key })
        {
            writer.WriteString("tlsSpki", StrictBase64Url.Encode(key.Span));
            writer.WriteString("tlsCertificate", StrictBase64Url.Encode(seen.TlsCertificate.Span));
            if (seen.Binder is { } binder)
            {
                writer.WriteNumber("binderType", (int)binder.Type);
                writer.WriteString("binder", StrictBase64Url.Encode(binder.Digest.Bytes));
            }
        }

        writer.WritePropertyName("evidence");
        writer.WriteRawValue(transcript.Encoded.Span);
        writer.WriteEndObject();
    });
}
