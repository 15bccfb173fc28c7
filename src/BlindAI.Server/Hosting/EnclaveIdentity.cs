using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Server.Hosting;

/// <summary>The keys of this process, made inside the TEE at start, never written, never shared; and the claims that name them.</summary>
/// <remarks>One key set per process life: a restart is the rotation, so the epoch is always 1. The keys of sealed requests, which change, are not among them.</remarks>
internal sealed class EnclaveIdentity : IDisposable
{
    private readonly ECDsa _tlsKey;

    private readonly ECDsa _receiptKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private readonly ECDsa _connectionKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    // An ECDsa is not promised to serve two threads at a time; a signature takes some 30 microseconds, once in a connection.
    private readonly Lock _signing = new();

    private readonly byte[] _instance = RandomNumberGenerator.GetBytes(Claims.InstanceLength);

    private readonly Sha256Digest _tlsKeyDigest;

    private readonly Sha256Digest _receiptKeyDigest;

    private readonly Sha256Digest _connectionKeyDigest;

    private readonly Sha256Digest _configuration;

    private readonly TimeProvider _clock;

    private EnclaveIdentity(string service, bool isSimulation, Sha256Digest configuration, TimeProvider clock, ECDsa tlsKey, X509Extension? evidence)
    {
        Service = service;
        _configuration = configuration;
        _clock = clock;
        _tlsKey = tlsKey;
        _tlsKeyDigest = Sha256Digest.OfPublicKey(_tlsKey);
        _receiptKeyDigest = Sha256Digest.OfPublicKey(_receiptKey);
        _connectionKeyDigest = Sha256Digest.OfPublicKey(_connectionKey);
        ReceiptKey = _receiptKey.ExportSubjectPublicKeyInfo();
        ConnectionKey = _connectionKey.ExportSubjectPublicKeyInfo();
        Certificate = CreateCertificate(isSimulation, evidence);
    }

    /// <summary>Claim 10.</summary>
    public string Service { get; }

    /// <summary>The self-signed certificate of the TLS key. It proves nothing by itself: the evidence names its key. With SGX and TDX it carries a quote for others' clients.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The receipt key's SubjectPublicKeyInfo.</summary>
    public ReadOnlyMemory<byte> ReceiptKey { get; }

    /// <summary>The connection key's SubjectPublicKeyInfo.</summary>
    public ReadOnlyMemory<byte> ConnectionKey { get; }

    /// <summary>Makes the keys, and with SGX and TDX has their TEE quote the one that TLS shows.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>.</exception>
    public static async Task<EnclaveIdentity> CreateAsync(string service, IAttester attester, Sha256Digest configuration, TimeProvider clock)
    {
        var tlsKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        try
        {
            var evidence = attester.Tee == TeeKind.Sgx || attester.Tee == TeeKind.Tdx ? await QuoteKeyAsync(attester, Sha256Digest.OfPublicKey(tlsKey)) : null;
            return new(service, attester.Tee == TeeKind.Simulation, configuration, clock, tlsKey, evidence);
        }
        catch
        {
            tlsKey.Dispose();
            throw;
        }
    }

    /// <summary>The claims for one client, or for everybody when it sent no nonce.</summary>
    /// <param name="nonce">The client's.</param>
    /// <param name="binder">Of the server's own end of the connection that the client asks on, where it asked for one.</param>
    /// <param name="sealedRequestKeys">SHA-256 of the keys of sealed requests that are published with them.</param>
    public Claims MakeClaims(Nonce? nonce, ChannelBinder? binder, Sha256Digest sealedRequestKeys) => new()
    {
        Nonce = nonce,
        Binder = binder,
        IssuedAt = (ulong)_clock.GetUtcNow().ToUnixTimeSeconds(),
        TlsKey = _tlsKeyDigest,
        SealedRequestKeys = sealedRequestKeys,
        ReceiptKey = _receiptKeyDigest,
        ConnectionKey = _connectionKeyDigest,
        Instance = _instance,
        Service = Service,
        Configuration = _configuration,
        Epoch = 1,
    };

    /// <summary>Signs a further connection of a client that has verified this enclave's claims.</summary>
    public byte[] SignConnection(Nonce nonce, ChannelBinder? binder, Sha256Digest claims)
    {
        lock (_signing)
        {
            return ConnectionProof.Sign(_connectionKey, nonce, binder, claims);
        }
    }

    public void Dispose()
    {
        _connectionKey.Dispose();
        Certificate.Dispose();
        _tlsKey.Dispose();
        _receiptKey.Dispose();
    }

    // Interoperable RA-TLS (docs/attestation.md, clause 17.9).
    private static async Task<X509Extension> QuoteKeyAsync(IAttester attester, Sha256Digest tlsKey)
    {
        var claims = RaTlsEvidence.EncodeClaims(tlsKey);
        var quote = await attester.AttestAsync(ReportData.ForRaTls(claims), nonce: null, CancellationToken.None);
        return RaTlsEvidence.ToExtension(quote.Data.Span, claims);
    }

    private X509Certificate2 CreateCertificate(bool isSimulation, X509Extension? evidence)
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
        if (evidence is not null)
        {
            request.CertificateExtensions.Add(evidence);
        }

        var now = _clock.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddYears(1));
    }
}
