using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Cli.Captured;

/// <summary>An evidence object, and what its file says of the exchange that brought it: as <c>blindai attest --save</c> writes it, or the object alone.</summary>
/// <remarks>Source: docs/cli.md, "Saved evidence".</remarks>
internal sealed record RecordedExchange
{
    /// <summary>The evidence object.</summary>
    public required EvidenceObject Value { get; init; }

    /// <summary>What the client sent and saw, where the file says so.</summary>
    public ChannelObservation? Seen { get; init; }

    /// <summary>The nonce that the claims must carry; null where nobody says which.</summary>
    public Nonce? Nonce { get; init; }

    /// <summary>When the evidence had arrived, where the file says so.</summary>
    public DateTimeOffset? ReceivedAt { get; init; }

    /// <summary>Reads a file of <c>attest --save</c>, or an evidence object in JSON.</summary>
    /// <exception cref="AttestationException">The 1xx family, or <see cref="RejectionCode.VersionUnsupported"/>.</exception>
    public static RecordedExchange ReadJson(byte[] bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return document.RootElement.TryGetProperty("evidence", out var evidence) && evidence.ValueKind == JsonValueKind.Object
                ? ReadSaved(document.RootElement, evidence)
                : new() { Value = EvidenceObjectJson.Parse(bytes) };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new AttestationException(RejectionCode.EncodingInvalid, "The file is not JSON that `blindai attest --save` wrote, and no evidence object.", "docs/cli.md, \"Saved evidence\", shows the layout.", exception);
        }
    }

    /// <summary>Whether the claims, which authentic evidence covers, belong to this exchange.</summary>
    /// <remarks>1. They carry its nonce. 2. They name the TLS key of its connection. What is not known is not checked. Source: docs/attestation.md, clauses 4.5 and 4.6.</remarks>
    /// <exception cref="AttestationException"><see cref="RejectionCode.NonceMismatch"/>, <see cref="RejectionCode.TlsKeyMismatch"/>, or the claims do not parse.</exception>
    public void RequireClaims()
    {
        var claims = Claims.Parse(Value.EncodedClaims);
        if (Nonce is not null && claims.Nonce?.Matches(Nonce.Bytes.Span) is not true)                                  // 1
        {
            throw new AttestationException(RejectionCode.NonceMismatch, "The claims do not carry the nonce of this exchange: the evidence is old, or was made for somebody else.");
        }

        if (Seen is TlsObservation tls && !claims.TlsKey.Equals(KeyOf(tls.TlsCertificate)))                                   // 2
        {
            throw new AttestationException(RejectionCode.TlsKeyMismatch, "The claims name another TLS key than the one of the connection that brought them.");
        }
    }

    private static RecordedExchange ReadSaved(JsonElement saved, JsonElement evidence) => saved.GetProperty("version").GetInt32() != Attest.SavedEvidence.Version
        ? throw new AttestationException(RejectionCode.VersionUnsupported, $"The saved evidence has another version than {Attest.SavedEvidence.Version}.")
        : new()
        {
            // The server's own bytes, as the reader of the protocol takes them: strictly.
            Value = EvidenceObjectJson.Parse(Encoding.UTF8.GetBytes(evidence.GetRawText())),
            Nonce = Nonce.Parse(Decode(saved, "nonce")),
            Seen = ReadSeen(saved),
            ReceivedAt = saved.GetProperty("receivedAt").GetDateTimeOffset(),
        };

    // Without a certificate it was an exchange for sealed requests, where somebody else ended TLS.
    private static ChannelObservation ReadSeen(JsonElement saved)
    {
        var nonce = Nonce.Parse(Decode(saved, "nonce"));
        var host = saved.GetProperty("host").GetString() ?? "";
        return !saved.TryGetProperty("tlsCertificate", out _) ? new SealedObservation { Nonce = nonce, Host = host } : new TlsObservation
        {
            Nonce = nonce,
            Host = host,
            TlsCertificate = Decode(saved, "tlsCertificate"),
            Binder = saved.TryGetProperty("binderType", out var type) ? new((ChannelBinderType)type.GetByte(), ReadDigest(saved, "binder")) : null,
        };
    }

    private static Sha256Digest ReadDigest(JsonElement saved, string name) => Decode(saved, name) is { Length: Sha256Digest.Length } bytes
        ? new(bytes)
        : throw new AttestationException(RejectionCode.EncodingInvalid, $"\"{name}\" of the saved evidence is not {Sha256Digest.Length} bytes.");

    private static byte[] Decode(JsonElement saved, string name) =>
        StrictBase64Url.TryDecode(Encoding.UTF8.GetBytes(saved.GetProperty(name).GetString() ?? ""), out var bytes)
            ? bytes
            : throw new AttestationException(RejectionCode.EncodingInvalid, $"\"{name}\" of the saved evidence is not base64url without padding.");

    private static Sha256Digest KeyOf(ReadOnlyMemory<byte> der)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der.Span);
            return Sha256Digest.Of(certificate.PublicKey.ExportSubjectPublicKeyInfo());
        }
        catch (CryptographicException exception)
        {
            throw new AttestationException(RejectionCode.EncodingInvalid, "\"tlsCertificate\" of the saved evidence is no certificate.", innerException: exception);
        }
    }
}
