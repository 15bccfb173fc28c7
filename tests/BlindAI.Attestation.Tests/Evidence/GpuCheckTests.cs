using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Attestation.Tests.Policy;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Evidence;

/// <summary>A GPU beside a CPU: what joins the two, attacked alone. docs/attestation.md, clause 15.</summary>
public sealed class GpuCheckTests : IDisposable
{
    private readonly ForgedEnclave _enclave = new();
    private readonly ForgedIntel _intel = new();
    private readonly ForgedGpu _gpu = new();

    public void Dispose()
    {
        _enclave.Dispose();
        _intel.Dispose();
        _gpu.Dispose();
    }

    [Fact]
    public void Verify_GpuThatTheClaimsName_IsVerified()
    {
        var report = Answer(RightNonce);

        Assert.Contains("GPU", Verify(report, Sha256Digest.Of(report)).Steps[9].Meaning, StringComparison.Ordinal);
    }

    // Step 1.
    [Fact]
    public void Verify_GpuThatTheClaimsDoNotName_IsRefused()
    {
        var report = Answer(RightNonce);

        Rejections.AssertCode(RejectionCode.GpuNotProved, () => Verify(report, claimed: null));
        Rejections.AssertCode(RejectionCode.GpuNotProved, () => Verify(report, Sha256Digest.Of("another GPU's report"u8)));
    }

    // Step 2.
    [Fact]
    public void Verify_GpuThatAnswersAnotherNonce_IsRefused()
    {
        var (nonce, key) = (_enclave.Nonce, _enclave.Claims.TlsKey);
        AssertRefused(RejectionCode.NonceMismatch, ForgedGpu.Nonce);
        AssertRefused(RejectionCode.NonceMismatch, NonceOf("blindai-gpu-1\0"u8, Nonce.Create(), key));
        AssertRefused(RejectionCode.NonceMismatch, NonceOf("blindai-gpu-1\0"u8, nonce, _enclave.Claims.ReceiptKey));
        AssertRefused(RejectionCode.NonceMismatch, NonceOf([], nonce, key));
    }

    [Fact]
    public void Verify_GpuOfAnotherRoot_IsRefused()
    {
        using var other = new ForgedGpu();
        var report = Answer(RightNonce);

        Rejections.AssertCode(RejectionCode.ChainUntrusted, () => Verify(report, Sha256Digest.Of(report), other.Verifier));
    }

    // Step 3.
    [Fact]
    public void Verify_GpuThatThePolicyDoesNotAccept_IsRefused()
    {
        var report = Answer(RightNonce);

        Rejections.AssertCode(RejectionCode.GpuFirmwareNotAccepted, () => Verify(report, Sha256Digest.Of(report), driver: "550.90.08"));
    }

    private byte[] RightNonce => NonceOf("blindai-gpu-1\0"u8, _enclave.Nonce, _enclave.Claims.TlsKey);

    // As clause 15 has it, without the code under test.
    private static byte[] NonceOf(ReadOnlySpan<byte> label, Nonce nonce, Sha256Digest tlsKey) => SHA256.HashData([.. label, .. nonce.Bytes.Span, .. tlsKey.Bytes]);

    private byte[] Answer(byte[] nonce)
    {
        var unsigned = _gpu.Unsigned();
        nonce.CopyTo(unsigned, 4);
        return _gpu.Sign(unsigned);
    }

    private void AssertRefused(RejectionCode expected, byte[] nonce)
    {
        var report = Answer(nonce);

        Rejections.AssertCode(expected, () => Verify(report, Sha256Digest.Of(report)));
    }

    private VerifiedEnclave Verify(byte[] report, Sha256Digest? claimed, ITeeVerifier? verifier = null, string driver = ForgedGpu.DriverVersion)
    {
        var signed = (_enclave.Claims with { Gpu = claimed }).Encode();
        _intel.ReportData = ReportData.ForClaims(signed).Bytes.ToArray();
        var entry = new JsonObject
        {
            ["tee"] = "tdx",
            ["mrTd"] = new JsonArray(Hex(0xD1)),
            ["rtmr"] = new JsonObject { ["1"] = Hex(0xD2), ["2"] = Hex(0xD3) },
            ["tcbStatus"] = new JsonArray("UpToDate"),
            ["gpu"] = new JsonObject { ["tee"] = "nvidia", ["driverVersions"] = new JsonArray(driver), ["vbiosVersions"] = new JsonArray(ForgedGpu.VbiosVersion) },
        };
        var policy = new AttestationPolicy
        {
            Service = _enclave.Claims.Service,
            Machines = new MachineRule.Any(),
            Configuration = DigestRule.DangerouslyAny,
            Accept = [EntryUnderTest.Parse(entry.ToJsonString())],
            OtherModels = OtherModels.Allow,
        };
        var value = new EvidenceObject { EncodedClaims = signed, Evidence = [_intel.Prove(), _gpu.Evidence(report)], ReceiptKey = _enclave.ReceiptKey };
        return EnclaveVerifier.Verify(value, _enclave.Seen, policy, ForgedIntel.Now,
            tee => tee == TeeKind.NvidiaGpu ? verifier ?? _gpu.Verifier : TeeVerifiers.DangerouslyTrusting(tee, _intel.Root));
    }

    private static string Hex(byte value) => Convert.ToHexStringLower([.. Enumerable.Repeat(value, 48)]);
}
