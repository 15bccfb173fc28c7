using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Attestation.Simulation;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Evidence;

/// <summary>Every step of the verifier's argument, attacked alone: everything else about the enclave is right.</summary>
public sealed class EnclaveVerifierTests : IDisposable
{
    private readonly ForgedEnclave _enclave = new();

    [Fact]
    public void Verify_RightInEverything_ProvesTheKeyOfTheConnection()
    {
        var verified = Verify();

        Assert.Equal(Sha256Digest.Of(_enclave.Certificate.PublicKey.ExportSubjectPublicKeyInfo()), verified.TlsKey);
        Assert.Same(TeeKind.Simulation, verified.Tee);
        Assert.Equal(Enumerable.Range(1, 11), verified.Steps.Select(step => step.Number));
        Assert.Equal([6, 11], verified.Steps.Where(step => step.Title.EndsWith("NOT CHECKED", StringComparison.Ordinal)).Select(step => step.Number));
    }

    [Fact]
    public void Verify_ExpiredPolicy_IsRefused() =>
        Refuse(RejectionCode.PolicyExpired, policy: MakePolicy(validUntil: ForgedEnclave.Now.AddSeconds(-1)));

    [Fact]
    public void Verify_SimulationUnderAHardwarePolicy_IsRefusedAsSimulation() =>
        Refuse(RejectionCode.SimulationRefused, policy: HardwarePolicy());

    [Fact]
    public void Verify_TypeThatThePolicyDoesNotName_IsRefused() =>
        Refuse(RejectionCode.TeeNotAccepted, value: _enclave.Prove() with { Evidence = [new("snp-report", new byte[1184])] });

    [Fact]
    public void Verify_UnknownTypeBesideAGoodOne_IsIgnored()
    {
        var value = _enclave.Prove();

        Assert.NotNull(Verify(value with { Evidence = [new("future-tee", new byte[10]), .. value.Evidence] }));
    }

    [Fact]
    public void Verify_HardwareTeeWithoutVerifier_AnswersUnsupported() =>
        Refuse(RejectionCode.TeeUnsupported, value: _enclave.Prove() with { Evidence = [new("cca-token", new byte[1184])] }, policy: HardwarePolicy());

    [Fact]
    public void Verify_EvidenceForOtherClaims_IsRefused()
    {
        var other = _enclave.Prove(_enclave.Claims with { Epoch = 2 });

        Refuse(RejectionCode.ReportDataMismatch, value: _enclave.Prove() with { Evidence = other.Evidence });
    }

    [Fact]
    public void Verify_ClaimsAlteredInAnyByte_IsRefused()
    {
        var value = _enclave.Prove();
        for (var index = 0; index < value.EncodedClaims.Length; index++)
        {
            var altered = value.EncodedClaims.ToArray();
            altered[index] ^= 0x01;

            Refuse(RejectionCode.ReportDataMismatch, value: value with { EncodedClaims = altered });
        }
    }

    [Fact]
    public void Verify_ReplayedEvidence_IsRefused() =>
        Refuse(RejectionCode.NonceMismatch, value: _enclave.Prove(_enclave.Claims with { Nonce = Nonce.Create() }));

    [Fact]
    public void Verify_StaticEvidence_NeverYieldsAnEnclave() =>
        Refuse(RejectionCode.NonceMismatch, value: _enclave.Prove(_enclave.Claims with { Nonce = null }));

    [Fact]
    public void Verify_ConnectionWithAnotherKey_IsRefused()
    {
        using var other = new ForgedEnclave();

        Refuse(RejectionCode.TlsKeyMismatch, seen: _enclave.Seen with { TlsCertificate = other.Certificate.RawData });
    }

    [Fact]
    public void Verify_BinderDemandedAndNotTaken_IsRefused() =>
        Refuse(RejectionCode.PolicyUnsupported, policy: MakePolicy(binder: BinderRequirement.Required));

    [Fact]
    public void Verify_BinderAskedForAndStripped_IsRefused() =>
        Refuse(RejectionCode.BinderMismatch, seen: _enclave.Seen with { Binder = ChannelBinder.Compute(ChannelBinderType.Finished, new byte[48]) });

    [Fact]
    public void Verify_BinderOfThisConnection_IsProved()
    {
        var binder = ChannelBinder.Compute(ChannelBinderType.Finished, new byte[48]);

        var verified = Verify(_enclave.Prove(_enclave.Claims with { Binder = binder }), _enclave.Seen with { Binder = binder }, MakePolicy(binder: BinderRequirement.Required));

        Assert.Contains(verified.Steps, step => step is { Number: 6, Title: "connection is bound" });
    }

    [Fact]
    public void Verify_ReceiptKeyThatTheClaimsDoNotName_IsRefused()
    {
        using var other = new ForgedEnclave();

        Refuse(RejectionCode.KeyHashMismatch, value: _enclave.Prove() with { ReceiptKey = other.ReceiptKey });
    }

    [Fact]
    public void Verify_SealedRequestKeysWithoutClaim_AreRefused() =>
        Refuse(RejectionCode.KeyHashMismatch, value: _enclave.Prove() with { SealedRequestKeys = new byte[80] });

    [Fact]
    public void Verify_AnotherServiceName_IsRefused() =>
        Refuse(RejectionCode.ServiceMismatch, policy: MakePolicy(service: "other.example.org"));

    [Fact]
    public void Verify_AnotherConfiguration_IsRefused() =>
        Refuse(RejectionCode.ConfigurationNotAccepted, policy: MakePolicy(configuration: DigestRule.OneOf(new HexValue(new byte[32]))));

    [Fact]
    public void Verify_AnotherSimulationKey_IsRefused()
    {
        using var other = new SimulationAttester();

        Refuse(RejectionCode.SimulationKeyNotAccepted, value: _enclave.Prove(attester: other));
    }

    [Fact]
    public void Verify_ListedMachinesInSimulation_IsRefused() =>
        Refuse(RejectionCode.MachineNotAccepted, policy: MakePolicy(machines: new MachineRule.Listed { Ppids = [new HexValue(new byte[16])] }));

    [Fact]
    public void Verify_CertificateWithoutTheNamedAuthority_IsRefused()
    {
        using var authority = new ForgedEnclave();
        var file = Path.Combine(AppContext.BaseDirectory, $"{Guid.NewGuid():N}.pem");
        File.WriteAllText(file, authority.Certificate.ExportCertificatePem());
        try
        {
            Refuse(RejectionCode.ChainUntrusted, policy: MakePolicy(machines: new MachineRule.Tls { CaFile = file }));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("risk.example.org", null)]
    [InlineData("evil.example.org", RejectionCode.ChainUntrusted)]
    public void Verify_CertificateOfTheNamedAuthority_MustBeForTheDialledHost(string host, RejectionCode? expected)
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=authority", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var authority = authorityRequest.CreateSelfSigned(ForgedEnclave.Now.AddDays(-1), ForgedEnclave.Now.AddDays(1));
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leafRequest = new CertificateRequest("CN=leaf", leafKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("risk.example.org");
        leafRequest.CertificateExtensions.Add(names.Build());
        using var leaf = leafRequest.Create(authority, ForgedEnclave.Now.AddDays(-1), ForgedEnclave.Now.AddDays(1), [1]);
        var file = Path.Combine(AppContext.BaseDirectory, $"{Guid.NewGuid():N}.pem");
        File.WriteAllText(file, authority.ExportCertificatePem());
        try
        {
            var value = _enclave.Prove(_enclave.Claims with { TlsKey = Sha256Digest.OfPublicKey(leafKey) });
            var seen = _enclave.Seen with { TlsCertificate = leaf.RawData, Host = host };
            var policy = MakePolicy(machines: new MachineRule.Tls { CaFile = file });
            if (expected is { } code)
            {
                Refuse(code, value, seen, policy);
            }
            else
            {
                Assert.NotNull(Verify(value, seen, policy));
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("1.3.6.1.5.5.7.3.1", false, null)]
    [InlineData("1.3.6.1.5.5.7.3.2", false, RejectionCode.ChainUntrusted)]   // for clients
    [InlineData("1.3.6.1.5.5.7.3.1", true, RejectionCode.ChainUntrusted)]
    public void Verify_CertificateForTheHost_MustBeForServersAndOfTheNamedAuthority(string purpose, bool isOfAStranger, RejectionCode? expected)
    {
        using var authority = Authority();
        using var stranger = Authority();
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=leaf", leafKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("risk.example.org");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        using var leaf = request.Create(isOfAStranger ? stranger : authority, ForgedEnclave.Now.AddDays(-1), ForgedEnclave.Now.AddDays(1), [1]);
        var file = Path.Combine(AppContext.BaseDirectory, $"{Guid.NewGuid():N}.pem");
        File.WriteAllText(file, authority.ExportCertificatePem());
        try
        {
            var value = _enclave.Prove(_enclave.Claims with { TlsKey = Sha256Digest.OfPublicKey(leafKey) });
            var (seen, policy) = (_enclave.Seen with { TlsCertificate = leaf.RawData }, MakePolicy(machines: new MachineRule.Tls { CaFile = file }));
            if (expected is { } code)
            {
                Refuse(code, value, seen, policy);
            }
            else
            {
                Assert.NotNull(Verify(value, seen, policy));
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Verify_SeveralEntries_AcceptsAnyOneThatMatchesEntirely()
    {
        var policy = new AttestationPolicy
        {
            Service = "risk.example.org",
            Machines = new MachineRule.Any(),
            Configuration = DigestRule.DangerouslyAny,
            Accept = [new SimulationPolicyEntry { Key = DigestRule.OneOf(new HexValue(new byte[32])) }, new SimulationPolicyEntry { Key = DigestRule.OneOf(new HexValue(_enclave.Attester.Key.Bytes)) }],
            OtherModels = OtherModels.Allow,
        };

        Assert.NotNull(Verify(policy: policy));
    }

    public void Dispose() => _enclave.Dispose();

    private static X509Certificate2 Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(ForgedEnclave.Now.AddDays(-1), ForgedEnclave.Now.AddDays(1));
    }

    private AttestationPolicy MakePolicy(
        string service = "risk.example.org", DigestRule? configuration = null, MachineRule? machines = null,
        BinderRequirement binder = BinderRequirement.Preferred, DateTimeOffset? validUntil = null) =>
        _enclave.MakePolicy(DigestRule.OneOf(new HexValue(_enclave.Attester.Key.Bytes)), service, configuration, machines, binder, validUntil);

    private static AttestationPolicy HardwarePolicy() => AttestationPolicy.Parse("""
        {
          "version": 1, "service": "risk.example.org", "machines": "any", "dangerouslyAnyConfiguration": true, "otherModels": "allow",
          "accept": [ { "tee": "cca", "platformKeys": ["0000000000000000000000000000000000000000000000000000000000000000"],
            "implementationIds": ["0000000000000000000000000000000000000000000000000000000000000000"],
            "rim": ["0000000000000000000000000000000000000000000000000000000000000000"] } ]
        }
        """u8);

    private VerifiedEnclave Verify(EvidenceObject? value = null, ChannelObservation? seen = null, AttestationPolicy? policy = null) =>
        EnclaveVerifier.Verify(value ?? _enclave.Prove(), seen ?? _enclave.Seen, policy ?? _enclave.Policy, ForgedEnclave.Now);

    private void Refuse(RejectionCode expected, EvidenceObject? value = null, ChannelObservation? seen = null, AttestationPolicy? policy = null) =>
        Rejections.AssertCode(expected, () => Verify(value, seen, policy));
}
