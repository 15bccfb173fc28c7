using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Protocol;

namespace BlindAI.EndToEnd.Tests;

/// <summary>What answered a preface: 8 bytes magic, and the body of the stated length.</summary>
internal sealed record GateReply(byte[] Magic, byte[] Body)
{
    public const int HeadLength = 12;

    private static byte[] Granted => [.. Preface.Magic[..^1], 0x02];

    private static byte[] Refused => [.. Preface.Magic[..^1], 0x03];

    /// <summary>Verifies the body as evidence.</summary>
    /// <exception cref="AttestationException">The enclave was refused.</exception>
    public VerifiedEnclave VerifyEvidence(TlsObservation seen, AttestationPolicy policy)
    {
        Assert.Equal(Granted, Magic);
        return EnclaveVerifier.Verify(EvidenceObjectCbor.Parse(Body), seen, policy, TimeProvider.System.GetUtcNow());
    }

    /// <summary>Verifies the body as the signature of a further connection.</summary>
    /// <exception cref="AttestationException">It is none.</exception>
    public void VerifyProof(VerifiedEnclave enclave, TlsObservation seen)
    {
        Assert.Equal(Granted, Magic);
        using var certificate = X509CertificateLoader.LoadCertificate(seen.TlsCertificate.Span);
        ConnectionProof.Verify(enclave, Sha256Digest.Of(certificate.PublicKey.ExportSubjectPublicKeyInfo()), seen.Nonce, seen.Binder, Body);
    }

    /// <summary>Asserts a refusal.</summary>
    public void AssertRefusal(ServingCode code)
    {
        Assert.Equal(Refused, Magic);
        Assert.InRange(Body.Length, 1, 4096);
        Assert.Equal(code, (ServingCode)ErrorBody.TryParse(Body)!.Code);
    }
}
