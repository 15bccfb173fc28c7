using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Client;

/// <summary>One exchange of nonce and evidence, as this client sent, saw and received it. By itself it proves nothing.</summary>
public sealed record EvidenceTranscript
{
    /// <summary>What this client sent and saw itself.</summary>
    public required ChannelObservation Seen { get; init; }

    /// <summary>The evidence object, parsed and not judged.</summary>
    public required EvidenceObject Evidence { get; init; }

    /// <summary>The evidence object in JSON (UTF-8): as it was received, or, where the gate brought it, as its CBOR twin says it.</summary>
    public required ReadOnlyMemory<byte> Encoded { get; init; }

    /// <summary>This client's clock when the evidence had arrived.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>The SubjectPublicKeyInfo (DER) of the TLS key that the connection showed; null where somebody else ends TLS.</summary>
    public ReadOnlyMemory<byte>? TlsKey
    {
        get
        {
            if (Seen is not TlsObservation tls)
            {
                return null;
            }

            using var certificate = X509CertificateLoader.LoadCertificate(tls.TlsCertificate.Span);
            return certificate.PublicKey.ExportSubjectPublicKeyInfo();
        }
    }
}
