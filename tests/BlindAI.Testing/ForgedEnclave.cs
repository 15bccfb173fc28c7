using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Attestation.Simulation;

namespace BlindAI.Testing;

/// <summary>An enclave made of test keys: everything that a real one would show, each part open to be forged.</summary>
public sealed class ForgedEnclave : IDisposable
{
    private readonly ECDsa _tlsKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private readonly ECDsa _receiptKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public ForgedEnclave()
    {
        var request = new CertificateRequest("CN=forged", _tlsKey, HashAlgorithmName.SHA256);
        Certificate = request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(1));
        Policy = MakePolicy(DigestRule.OneOf(new HexValue(Attester.Key.Bytes)));
    }

    /// <summary>The instant of every verification.</summary>
    public static DateTimeOffset Now { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public SimulationAttester Attester { get; } = new();

    public X509Certificate2 Certificate { get; }

    /// <summary>The key of the certificate.</summary>
    public ECDsa TlsKey => _tlsKey;

    public Nonce Nonce { get; } = Nonce.Create();

    /// <summary>A policy that this enclave meets.</summary>
    public AttestationPolicy Policy { get; }

    /// <summary>Claims that are right in everything.</summary>
    public Claims Claims => new()
    {
        Nonce = Nonce,
        IssuedAt = (ulong)Now.ToUnixTimeSeconds(),
        TlsKey = Sha256Digest.OfPublicKey(_tlsKey),
        ReceiptKey = Sha256Digest.OfPublicKey(_receiptKey),
        Instance = new byte[Claims.InstanceLength],
        Service = "risk.example.org",
        Configuration = Sha256Digest.Of("configuration"u8),
        Epoch = 1,
    };

    public ReadOnlyMemory<byte> ReceiptKey => _receiptKey.ExportSubjectPublicKeyInfo();

    /// <summary>What an honest client saw of this enclave.</summary>
    public TlsObservation Seen => new() { Nonce = Nonce, Host = "risk.example.org", TlsCertificate = Certificate.RawData };

    /// <summary>A policy for this enclave with one member replaced.</summary>
    public AttestationPolicy MakePolicy(
        DigestRule key, string service = "risk.example.org", DigestRule? configuration = null, MachineRule? machines = null,
        BinderRequirement binder = BinderRequirement.Preferred, DateTimeOffset? validUntil = null) => new()
        {
            Service = service,
            Machines = machines ?? new MachineRule.Any(),
            Configuration = configuration ?? DigestRule.OneOf(new HexValue(Sha256Digest.Of("configuration"u8).Bytes)),
            Binder = binder,
            ValidUntil = validUntil,
            Accept = [new SimulationPolicyEntry { Key = key }],
            OtherModels = OtherModels.Allow,
        };

    /// <summary>Evidence for claims, by the attester or by another.</summary>
    public EvidenceObject Prove(Claims? claims = null, SimulationAttester? attester = null)
    {
        var encoded = (claims ?? Claims).Encode();
        return new()
        {
            EncodedClaims = encoded,
            Evidence = [Sign(encoded, attester ?? Attester)],
            ReceiptKey = ReceiptKey,
        };
    }

    /// <summary>Evidence for any bytes in the place of claims.</summary>
    public static TeeEvidence Sign(ReadOnlySpan<byte> encodedClaims, SimulationAttester attester) =>
        attester.AttestAsync(ReportData.ForClaims(encodedClaims), nonce: null, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    public void Dispose()
    {
        Certificate.Dispose();
        Attester.Dispose();
        _tlsKey.Dispose();
        _receiptKey.Dispose();
    }
}
