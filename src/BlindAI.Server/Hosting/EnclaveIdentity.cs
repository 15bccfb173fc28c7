using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Server.Hosting;

/// <summary>The keys of this process, made inside the TEE at start, never written, never shared; and the claims that name them.</summary>
/// <remarks>One key set per process life: a restart is the rotation, so the epoch is always 1.</remarks>
internal sealed class EnclaveIdentity : IDisposable
{
    private readonly ECDsa _tlsKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private readonly ECDsa _receiptKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private readonly byte[] _instance = RandomNumberGenerator.GetBytes(Claims.InstanceLength);

    private readonly Sha256Digest _tlsKeyDigest;

    private readonly Sha256Digest _receiptKeyDigest;

    private readonly Sha256Digest _configuration;

    private readonly TimeProvider _clock;

    public EnclaveIdentity(string service, bool isSimulation, Sha256Digest configuration, TimeProvider clock)
    {
        Service = service;
        _configuration = configuration;
        _clock = clock;
        _tlsKeyDigest = Sha256Digest.OfPublicKey(_tlsKey);
        _receiptKeyDigest = Sha256Digest.OfPublicKey(_receiptKey);
        ReceiptKey = _receiptKey.ExportSubjectPublicKeyInfo();
        Certificate = CreateCertificate(isSimulation);
    }

    /// <summary>Claim 10.</summary>
    public string Service { get; }

    /// <summary>The self-signed certificate of the TLS key. It proves nothing by itself: the evidence names its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The receipt key's SubjectPublicKeyInfo.</summary>
    public ReadOnlyMemory<byte> ReceiptKey { get; }

    /// <summary>The claims for one client, or for everybody when it sent no nonce.</summary>
    public Claims MakeClaims(Nonce? nonce) => new()
    {
        Nonce = nonce,
        IssuedAt = (ulong)_clock.GetUtcNow().ToUnixTimeSeconds(),
        TlsKey = _tlsKeyDigest,
        ReceiptKey = _receiptKeyDigest,
        Instance = _instance,
        Service = Service,
        Configuration = _configuration,
        Epoch = 1,
    };

    public void Dispose()
    {
        Certificate.Dispose();
        _tlsKey.Dispose();
        _receiptKey.Dispose();
    }

    private X509Certificate2 CreateCertificate(bool isSimulation)
    {
        var request = new CertificateRequest(new X500DistinguishedName("CN=BlindAI enclave"), _tlsKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(Service, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(Service);
        }

        if (isSimulation)
        {
            // Ordinary clients insist on a name that matches what they dialled.
            names.AddDnsName("localhost");
            names.AddIpAddress(IPAddress.Loopback);
            names.AddIpAddress(IPAddress.IPv6Loopback);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1", "serverAuth")], critical: false));
        var now = _clock.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddYears(1));
    }
}
