using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.NvidiaGpu;
using BlindAI.Attestation.Tests.Evidence;

namespace BlindAI.Attestation.Tests.NvidiaGpu;

/// <summary>Reports of real devices, and RIM files that NVIDIA signed, under NVIDIA's roots.</summary>
public sealed class NvidiaVectorTests
{
    private const string Tee = "nvidia";

    private readonly NvidiaVerifier _verifier = new();

    [Theory]
    [InlineData("hopper-550-full-with-rims", null)]
    [InlineData("hopper-535-sdk", RejectionCode.CollateralMissing)]
    [InlineData("hopper-580-coco", RejectionCode.CollateralMissing)]
    [InlineData("blackwell-575-sdk", RejectionCode.CollateralMissing)]
    [InlineData("switch-ls10-sdk", RejectionCode.ProductNotAccepted)]
    public void Verify_GenuineReport_ReportsItsClaims(string name, RejectionCode? byDefault)
    {
        var captured = SharedVectors.Read(Tee, name);

        var verified = SharedVectors.Verify(_verifier, captured);

        SharedVectors.AssertClaims(Tee, name, verified.ToJson());
        Assert.True(verified.IsFresh);
        Assert.Equal(DateTimeOffset.Parse(SharedVectors.Expect(Tee, name)["validity_window"]![1]!.GetValue<string>(), null), verified.ValidUntil);
        Assert.Equal(byDefault is null ? "accept" : "reject", SharedVectors.Expect(Tee, name)["default_policy"]!["result"]!.GetValue<string>());
        if (byDefault is { } code)
        {
            Rejections.AssertCode(code, () => _verifier.JudgeByDefault(verified));
        }
        else
        {
            _verifier.JudgeByDefault(verified);
        }
    }

    [Theory]
    [InlineData("neg-chain-missing-intermediate", RejectionCode.ChainUntrusted)]
    [InlineData("neg-measurement-bitflip", RejectionCode.SignatureInvalid)]
    [InlineData("neg-nonce-bitflip", RejectionCode.SignatureInvalid)]
    [InlineData("neg-sdk-invalid-signature", RejectionCode.SignatureInvalid)]
    [InlineData("neg-truncated", RejectionCode.Truncated)]
    [InlineData("neg-wrong-nonce", RejectionCode.NonceMismatch)]
    public void Verify_BadReport_IsRefused(string name, RejectionCode code) =>
        Rejections.AssertCode(code, () => SharedVectors.Verify(_verifier, SharedVectors.Read(Tee, name)));

    [Fact]
    public void Verify_RimFilesAfterTheEndOfTheirCertificates_AreRefused()
    {
        var captured = SharedVectors.Read(Tee, "hopper-550-full-with-rims");

        Rejections.AssertCode(RejectionCode.CertificateNotInValidity, () => _verifier.Verify(captured.Evidence, captured.Challenge, new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero)));
    }

    [Fact]
    public void Verify_RimFilesOfTheOtherFirmware_AreRefused()
    {
        var captured = SharedVectors.Read(Tee, "hopper-550-full-with-rims");
        var swapped = captured.Evidence.With(new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>>
        {
            [EndorsementName.DriverRim] = captured.Evidence.Endorsements[EndorsementName.VbiosRim],
            [EndorsementName.VbiosRim] = captured.Evidence.Endorsements[EndorsementName.DriverRim],
        });

        Rejections.AssertCode(RejectionCode.CollateralMismatch, () => _verifier.Verify(swapped, captured.Challenge, captured.At!.Value));
    }

    [Fact]
    public void Verify_RimFileWithAnyByteOfTheSignedPartChanged_IsRefused()
    {
        var captured = SharedVectors.Read(Tee, "hopper-550-full-with-rims");
        var genuine = captured.Evidence.Endorsements[EndorsementName.DriverRim][0].ToArray();
        for (var at = 0; at < genuine.Length; at += 97)
        {
            var altered = genuine.ToArray();
            altered[at] ^= 1;
            var evidence = captured.Evidence.With(new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> { [EndorsementName.DriverRim] = [altered] });

            Assert.Throws<AttestationException>(() => _verifier.Verify(evidence, captured.Challenge, captured.At!.Value));
        }
    }
}
