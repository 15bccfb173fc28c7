using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Nitro;
using BlindAI.Attestation.Policy;
using BlindAI.Attestation.Tests.Policy;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Evidence;

/// <summary>The claims step over hardware evidence: what simulation cannot show.</summary>
public sealed class HardwareEnclaveTests : IDisposable
{
    private const string D1 = "d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1";
    private const string D2 = "d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2";
    private const string D3 = "d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3";
    private const string Tdx = $$"""{ "tee": "tdx", "mrTd": ["{{D1}}"], "rtmr": { "1": "{{D2}}", "2": "{{D3}}" }, "tcbStatus": ["UpToDate"] }""";
    private const string Sgx = """{ "tee": "sgx", "mrEnclave": ["e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"], "tcbStatus": ["UpToDate"] }""";

    private readonly ForgedEnclave _enclave = new();
    private readonly ForgedIntel _intel = new();
    private readonly ForgedGpu _gpu = new();

    public void Dispose()
    {
        _gpu.Dispose();
        _enclave.Dispose();
        _intel.Dispose();
    }

    [Theory]
    [InlineData(Tdx)]
    [InlineData(Sgx)]
    public void Verify_HardwareThatThePolicyAccepts_IsVerified(string entry)
    {
        UseTeeOf(entry);

        var verified = Verify(PolicyOf(entry));

        Assert.Equal(_intel.Tee, verified.Tee);
        Assert.Equal(11, verified.Steps.Count);
        Assert.Equal(verified.Policy.ReattestAfter, verified.Lifetime);
    }

    [Fact]
    public void Verify_CollateralThatEndsSoon_CutsTheLifetime()
    {
        _intel.CrlNextUpdate = ForgedIntel.Now.AddSeconds(40);

        Assert.Equal(TimeSpan.FromSeconds(40), Verify(PolicyOf(Tdx)).Lifetime);
    }

    [Fact]
    public void Verify_PolicyThatEndsSoon_CutsTheLifetime() =>
        Assert.Equal(TimeSpan.FromSeconds(50), Verify(PolicyOf(new MachineRule.Any(), ForgedIntel.Now.AddSeconds(50), Tdx)).Lifetime);

    [Fact]
    public void Verify_GpuWhoseReferencesEndSoon_CutsTheLifetime()
    {
        using var gpu = new ForgedGpu(rimNotAfter: ForgedIntel.Now.AddSeconds(30));
        var report = gpu.Unsigned();
        GpuCheck.NonceFor(_enclave.Nonce, _enclave.Claims.TlsKey).CopyTo(report, 4);
        var evidence = gpu.Evidence(gpu.Sign(report));

        Assert.Equal(TimeSpan.FromSeconds(30), Verify(PolicyOf(TdxWithGpu), gpu: evidence, namedGpu: Sha256Digest.Of(evidence.Data.Span), gpuVerifier: gpu.Verifier).Lifetime);
    }

    [Fact]
    public void Verify_OtherClaimsThanSigned_IsRefused()
    {
        var other = (_enclave.Claims with { Epoch = 2 }).Encode();

        Rejections.AssertCode(RejectionCode.ReportDataMismatch, () => Verify(PolicyOf(Tdx), encodedClaims: other));
    }

    [Fact]
    public void Verify_OneEntryOfSeveralHolds_IsVerified() =>
        Verify(PolicyOf(EntryUnderTestJson("mrTd", $"[\"{D2}\"]"), Tdx));

    [Fact]
    public void Verify_EntryOfAnotherTee_IsPassedOver()
    {
        Verify(PolicyOf(Sgx, Tdx));
        Rejections.AssertCode(RejectionCode.TeeNotAccepted, () => Verify(PolicyOf(Sgx)));
    }

    // The nonce is in the claims, and where the TEE has a field for it, there too.
    [Fact]
    public void Verify_NitroDocumentForAnotherNonce_IsRefused()
    {
        using var nitro = new ForgedNitro();
        var signed = _enclave.Claims.Encode();
        nitro.Set("user_data", writer => writer.WriteByteString(ReportData.ForClaims(signed).Bytes));
        var policy = new AttestationPolicy
        {
            Service = _enclave.Claims.Service,
            Machines = new MachineRule.Any(),
            Configuration = DigestRule.DangerouslyAny,
            Accept = [new NitroPolicyEntry { Pcrs = Enumerable.Range(0, 3).ToDictionary(index => index, index => new HexValue(ForgedNitro.Pcr(index))) }],
            OtherModels = OtherModels.Allow,
        };

        Rejections.AssertCode(RejectionCode.NonceMismatch, () => Verify());
        nitro.Set("nonce", writer => writer.WriteByteString(_enclave.Nonce.Bytes.Span));
        Verify();

        void Verify() => EnclaveVerifier.Verify(new() { EncodedClaims = signed, Evidence = [new(TeeKind.Nitro.EvidenceType, nitro.Sign())], ReceiptKey = _enclave.ReceiptKey },
            _enclave.Seen, policy, ForgedNitro.Now, _ => nitro.Verifier);
    }

    [Fact]
    public void Verify_MachineOnTheList_IsVerified()
    {
        Verify(PolicyOf(new MachineRule.Listed { Ppids = [new(_intel.Ppid)] }, Tdx));
        Verify(PolicyOf(new MachineRule.Listed { PlatformInstanceIds = [new(_intel.PlatformInstanceId)] }, Tdx));
        Verify(PolicyOf(new MachineRule.Listed { Ppids = [new(new byte[16])], PlatformInstanceIds = [new(_intel.PlatformInstanceId)] }, Tdx));
    }

    [Fact]
    public void Verify_MachineNotOnTheList_IsRefused()
    {
        // The right bytes under the wrong kind of id do not count.
        foreach (var rule in new MachineRule.Listed[] { new() { Ppids = [new(new byte[16])] }, new() { PlatformInstanceIds = [new(_intel.Ppid)] }, new() { ChipIds = [new([.. Enumerable.Repeat((byte)1, 64)])] } })
        {
            Rejections.AssertCode(RejectionCode.MachineNotAccepted, () => Verify(PolicyOf(rule, Tdx)));
        }
    }

    [Fact]
    public void Verify_MachineWithoutInstanceId_IsNotOnAListOfThem()
    {
        _intel.AuthorityName = ForgedIntel.ProcessorCa;

        Rejections.AssertCode(RejectionCode.MachineNotAccepted, () => Verify(PolicyOf(new MachineRule.Listed { PlatformInstanceIds = [new(_intel.PlatformInstanceId)] }, Tdx)));
    }

    [Fact]
    public void JudgeCaptured_EvidenceAlone_IsHeldToThePolicy()
    {
        var evidence = TeeVerifiers.DangerouslyTrusting(TeeKind.Tdx, _intel.Root).Verify(_intel.Prove(), EvidenceChallenge.DangerouslyNone, ForgedIntel.Now);
        var gpu = EntryUnderTestJson("gpu", """{ "tee": "nvidia", "driverVersions": ["550.90.07"], "vbiosVersions": ["96.00.9F.00.01"] }""");

        Judge(PolicyOf(new MachineRule.Listed { Ppids = [new(_intel.Ppid)] }, Tdx));
        Rejections.AssertCode(RejectionCode.PolicyExpired, () => Judge(PolicyOf(new MachineRule.Any(), ForgedIntel.Now.AddSeconds(-1), Tdx)));
        Rejections.AssertCode(RejectionCode.TeeNotAccepted, () => Judge(PolicyOf(Sgx)));
        Rejections.AssertCode(RejectionCode.MeasurementNotAccepted, () => Judge(PolicyOf(EntryUnderTestJson("mrTd", $"[\"{D2}\"]"))));
        Rejections.AssertCode(RejectionCode.GpuNotProved, () => Judge(PolicyOf(gpu)));
        Rejections.AssertCode(RejectionCode.MachineNotAccepted, () => Judge(PolicyOf(new MachineRule.Listed { Ppids = [new(new byte[16])] }, Tdx)));

        void Judge(AttestationPolicy policy) => EnclaveVerifier.JudgeCaptured(evidence, policy, ForgedIntel.Now);
    }

    [Fact]
    public void Verify_GpuDemandedAndNoneProved_IsRefused() => Rejections.AssertCode(RejectionCode.GpuNotProved, () => Verify(PolicyOf(TdxWithGpu)));

    [Fact]
    public void Verify_GpuBesideTheCpu_IsVerified()
    {
        var evidence = GpuEvidence(GpuCheck.NonceFor(_enclave.Nonce, _enclave.Claims.TlsKey));

        var verified = Verify(PolicyOf(TdxWithGpu), gpu: evidence, namedGpu: Sha256Digest.Of(evidence.Data.Span));

        Assert.Contains("GPU", verified.Steps[9].Meaning, StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_GpuThatTheClaimsDoNotName_IsRefused()
    {
        var evidence = GpuEvidence(GpuCheck.NonceFor(_enclave.Nonce, _enclave.Claims.TlsKey));

        Rejections.AssertCode(RejectionCode.GpuNotProved, () => Verify(PolicyOf(TdxWithGpu), gpu: evidence));
        Rejections.AssertCode(RejectionCode.GpuNotProved, () => Verify(PolicyOf(TdxWithGpu), gpu: evidence, namedGpu: Sha256Digest.Of("another"u8)));
        Rejections.AssertCode(RejectionCode.GpuNotProved, () => Verify(PolicyOf(TdxWithGpu), namedGpu: Sha256Digest.Of(evidence.Data.Span)));
    }

    [Fact]
    public void Verify_GpuThatAnsweredAnotherExchangeOrKey_IsRefused()
    {
        foreach (var nonce in new[] { GpuCheck.NonceFor(Nonce.Create(), _enclave.Claims.TlsKey), GpuCheck.NonceFor(_enclave.Nonce, _enclave.Claims.ReceiptKey), _enclave.Nonce.Bytes.ToArray() })
        {
            var evidence = GpuEvidence(nonce);

            Rejections.AssertCode(RejectionCode.NonceMismatch, () => Verify(PolicyOf(TdxWithGpu), gpu: evidence, namedGpu: Sha256Digest.Of(evidence.Data.Span)));
        }
    }

    [Fact]
    public void Verify_GpuThatThePolicyDoesNotAccept_IsRefused()
    {
        var evidence = GpuEvidence(GpuCheck.NonceFor(_enclave.Nonce, _enclave.Claims.TlsKey));
        var policy = PolicyOf(EntryUnderTestJson("gpu", """{ "tee": "nvidia", "driverVersions": ["1.2.3"], "vbiosVersions": ["96.00.9F.00.01"] }"""));

        Rejections.AssertCode(RejectionCode.GpuFirmwareNotAccepted, () => Verify(policy, gpu: evidence, namedGpu: Sha256Digest.Of(evidence.Data.Span)));
    }

    [Fact]
    public void NonceFor_KnownInputs_IsWhatTheSpecificationSays()
    {
        var nonce = Nonce.Parse(new byte[32]);
        byte[] said = [.. "blindai-gpu-1\0"u8, .. new byte[32], .. _enclave.Claims.TlsKey.Bytes];

        Assert.Equal(SHA256.HashData(said), GpuCheck.NonceFor(nonce, _enclave.Claims.TlsKey));
    }

    [Theory]
    [InlineData(Tdx)]
    [InlineData(Sgx)]
    public void Verify_EvidenceInsideTheCertificate_MustAgree(string entry)
    {
        UseTeeOf(entry);
        var policy = PolicyOf(entry);

        Verify(policy, CertificateWith(_enclave.Claims.TlsKey));
        Rejections.AssertCode(RejectionCode.TlsKeyMismatch, () => Verify(policy, CertificateWith(_enclave.Claims.ReceiptKey)));
        Rejections.AssertCode(RejectionCode.ReportDataMismatch, () => Verify(policy, CertificateWith(_enclave.Claims.TlsKey, quoteIsForOtherClaims: true)));
        Rejections.AssertCode(RejectionCode.CertificateMismatch, () => Verify(policy, CertificateWith(_enclave.Claims.TlsKey, changeBody: body => body[_intel.Tee == TeeKind.Sgx ? 64 : 136] ^= 1)));
        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => Verify(policy, CertificateWith(new X509Extension(RaTlsEvidence.ExtensionOid, [0xFF], critical: false))));
    }

    [Theory]
    [InlineData(Sgx, 49, false)]   // ATTRIBUTES
    [InlineData(Sgx, 64, false)]   // MRENCLAVE
    [InlineData(Sgx, 128, false)]   // MRSIGNER
    [InlineData(Tdx, 121, false)]   // TDATTRIBUTES
    [InlineData(Tdx, 136, false)]   // MRTD
    [InlineData(Tdx, 328, false)]   // RTMR0
    [InlineData(Tdx, 376, false)]
    [InlineData(Tdx, 424, false)]
    [InlineData(Tdx, 472, true)]   // RTMR3 is extended while the trust domain runs
    public void Verify_OtherEnclaveInsideTheCertificate_IsRefused(string entry, int at, bool holds)
    {
        UseTeeOf(entry);
        var certificate = CertificateWith(_enclave.Claims.TlsKey, changeBody: body => body[at] ^= 1);
        if (holds)
        {
            Verify(PolicyOf(entry), certificate);
        }
        else
        {
            Rejections.AssertCode(RejectionCode.CertificateMismatch, () => Verify(PolicyOf(entry), certificate));
        }
    }

    [Fact]
    public void Verify_EvidenceInsideTheCertificateByAnotherPlatform_IsRefused()
    {
        using var other = new ForgedIntel();
        var claims = RaTlsEvidence.EncodeClaims(_enclave.Claims.TlsKey);
        other.ReportData = ReportData.ForRaTls(claims).Bytes.ToArray();

        Rejections.AssertCode(RejectionCode.ChainUntrusted, () => Verify(PolicyOf(Tdx), CertificateWith(RaTlsEvidence.ToExtension(other.Quote(), claims))));
    }

    private static string TdxWithGpu => EntryUnderTestJson("gpu", """{ "tee": "nvidia", "driverVersions": ["550.90.07"], "vbiosVersions": ["96.00.9F.00.01"] }""");

    // The requester's nonce lies at byte 4 of the request.
    private TeeEvidence GpuEvidence(byte[] nonce)
    {
        var report = _gpu.Unsigned();
        nonce.CopyTo(report, 4);
        return _gpu.Evidence(_gpu.Sign(report));
    }

    private static string EntryUnderTestJson(string member, string value)
    {
        var json = System.Text.Json.Nodes.JsonNode.Parse(Tdx)!.AsObject();
        json[member] = System.Text.Json.Nodes.JsonNode.Parse(value);
        return json.ToJsonString();
    }

    private void UseTeeOf(string entry)
    {
        if (entry == Sgx)
        {
            _intel.AsSgx();
        }
    }

    private AttestationPolicy PolicyOf(params string[] entries) => PolicyOf(new MachineRule.Any(), entries);

    private AttestationPolicy PolicyOf(MachineRule machines, params string[] entries) => PolicyOf(machines, null, entries);

    private AttestationPolicy PolicyOf(MachineRule machines, DateTimeOffset? validUntil, params string[] entries) => new()
    {
        ValidUntil = validUntil,
        Service = _enclave.Claims.Service,
        Machines = machines,
        Configuration = DigestRule.OneOf(new HexValue(_enclave.Claims.Configuration.Bytes)),
        Accept = [.. entries.Select(EntryUnderTest.Parse)],
        OtherModels = OtherModels.Allow,
    };

    private X509Certificate2 CertificateWith(Sha256Digest key, bool quoteIsForOtherClaims = false, Action<byte[]>? changeBody = null)
    {
        var claims = RaTlsEvidence.EncodeClaims(key);
        var (data, change) = (_intel.ReportData, _intel.ChangeBody);
        _intel.ReportData = quoteIsForOtherClaims ? new byte[64] : ReportData.ForRaTls(claims).Bytes.ToArray();
        _intel.ChangeBody = changeBody ?? change;
        var quote = _intel.Quote();
        (_intel.ReportData, _intel.ChangeBody) = (data, change);
        return CertificateWith(RaTlsEvidence.ToExtension(quote, claims));
    }

    private X509Certificate2 CertificateWith(X509Extension extension)
    {
        var request = new CertificateRequest("CN=forged", _enclave.TlsKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(extension);
        return request.CreateSelfSigned(ForgedIntel.Now.AddDays(-1), ForgedIntel.Now.AddDays(1));
    }

    private VerifiedEnclave Verify(AttestationPolicy policy, X509Certificate2? certificate = null, byte[]? encodedClaims = null, TeeEvidence? gpu = null, Sha256Digest? namedGpu = null, ITeeVerifier? gpuVerifier = null)
    {
        var signed = (_enclave.Claims with { Gpu = namedGpu }).Encode();
        _intel.ReportData = ReportData.ForClaims(signed).Bytes.ToArray();
        var value = new EvidenceObject { EncodedClaims = encodedClaims ?? signed, Evidence = gpu is null ? [_intel.Prove()] : [_intel.Prove(), gpu], ReceiptKey = _enclave.ReceiptKey };
        var seen = _enclave.Seen;
        return EnclaveVerifier.Verify(value, certificate is null ? seen : seen with { TlsCertificate = certificate.RawData }, policy, ForgedIntel.Now,
            tee => tee == TeeKind.NvidiaGpu ? gpuVerifier ?? _gpu.Verifier : TeeVerifiers.DangerouslyTrusting(tee, _intel.Root));
    }
}
