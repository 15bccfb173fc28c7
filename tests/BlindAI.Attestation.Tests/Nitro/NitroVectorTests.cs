using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Nitro;
using BlindAI.Attestation.Tests.Evidence;

namespace BlindAI.Attestation.Tests.Nitro;

/// <summary>Documents that real enclaves were given, under AWS's root.</summary>
public sealed class NitroVectorTests
{
    private const string Tee = "nitro";

    private readonly NitroVerifier _verifier = new();

    [Theory]
    [InlineData("dstack-2025-indefinite-map", null)]
    [InlineData("evervault-2022", null)]
    [InlineData("evervault-2023-debug-256-nonce", RejectionCode.DebugNotAccepted)]
    [InlineData("fortanix-2021-debug", RejectionCode.DebugNotAccepted)]
    [InlineData("marlin-2024-02", null)]
    public void Verify_GenuineDocument_ReportsItsClaims(string name, RejectionCode? byDefault)
    {
        var captured = SharedVectors.Read(Tee, name);

        var verified = SharedVectors.Verify(_verifier, captured);

        SharedVectors.AssertClaims(Tee, name, verified.ToJson());
        SharedVectors.AssertClaims(Tee, name, _verifier.Show(captured.Evidence));
        Assert.Equal(captured.Challenge.IsExpected, verified.IsFresh);
        Assert.Equal(DateTimeOffset.Parse(SharedVectors.Expect(Tee, name)["validity_window"]![1]!.GetValue<string>(), null), verified.ValidUntil);
        var result = SharedVectors.Expect(Tee, name)["default_policy"]!["result"]!.GetValue<string>();
        Assert.Equal(byDefault is null ? "accept" : "reject", result);
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
    [InlineData("neg-expired-4-hours-later", RejectionCode.CertificateNotInValidity)]
    [InlineData("neg-forged-root-in-cabundle", RejectionCode.ChainUntrusted)]
    [InlineData("neg-fortanix-tampered-signature", RejectionCode.SignatureInvalid)]
    [InlineData("neg-pcr0-bitflip", RejectionCode.SignatureInvalid)]
    [InlineData("neg-truncated", RejectionCode.EncodingInvalid)]
    public void Verify_BadDocument_IsRefused(string name, RejectionCode code) =>
        Rejections.AssertCode(code, () => SharedVectors.Verify(_verifier, SharedVectors.Read(Tee, name)));

    [Fact]
    public void Verify_GenuineDocumentAndAnotherNonce_IsRefused()
    {
        var captured = SharedVectors.Read(Tee, "evervault-2022");

        Rejections.AssertCode(RejectionCode.NonceMismatch, () => _verifier.Verify(captured.Evidence, EvidenceChallenge.Exactly(new byte[256]), captured.At!.Value));
    }
}
