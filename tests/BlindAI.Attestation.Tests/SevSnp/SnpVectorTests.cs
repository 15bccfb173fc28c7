using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Tests.Evidence;

namespace BlindAI.Attestation.Tests.SevSnp;

/// <summary>Real reports of Milan, Genoa and Turin, and forgeries of them.</summary>
public sealed class SnpVectorTests
{
    private static readonly SnpVerifier Verifier = new();

    [Theory]
    [InlineData("google-milan-v2-debug", true, RejectionCode.DebugNotAccepted)]
    [InlineData("lunal-genoa-v5", false, (RejectionCode)0)]
    [InlineData("microsoft-genoa-v3", false, (RejectionCode)0)]
    [InlineData("microsoft-turin-v5", false, (RejectionCode)0)]
    [InlineData("teekit-gcp-milan-v5-vmpl1", true, (RejectionCode)0)]
    [InlineData("trustee-milan-v2", true, (RejectionCode)0)]
    [InlineData("trustee-milan-vlek-v3-vmpl1", true, (RejectionCode)0)]
    [InlineData("virtee-milan-v2", true, (RejectionCode)0)]
    public void Verify_GenuineReport_ReportsItsClaims(string name, bool hasCrl, RejectionCode byDefault)
    {
        var verified = Assert.IsType<VerifiedSnp>(SharedVectors.Verify(Verifier, SharedVectors.Read("snp", name)));

        SharedVectors.AssertClaims("snp", name, verified.ToJson());
        Assert.Equal(hasCrl, verified.CrlChecked);
        Assert.False(verified.IsFresh);
        Assert.Equal(SharedVectors.Expect("snp", name)["validity_window"]![1]!.GetValue<DateTimeOffset>(), verified.ValidUntil);
        Assert.Equal(byDefault == 0 ? "accept" : "reject", SharedVectors.Expect("snp", name)["default_policy"]!["result"]!.GetValue<string>());
        SharedVectors.AssertDefault(Verifier, verified, byDefault);
    }

    [Theory]
    [InlineData("neg-forged-amd-chain", RejectionCode.ChainUntrusted)]
    [InlineData("neg-measurement-bitflip", RejectionCode.SignatureInvalid)]
    [InlineData("neg-report-data-bitflip", RejectionCode.SignatureInvalid)]
    [InlineData("neg-report-truncated", RejectionCode.Truncated)]
    [InlineData("neg-signature-bitflip", RejectionCode.SignatureInvalid)]
    [InlineData("neg-signature-zero", RejectionCode.SignatureInvalid)]
    [InlineData("neg-trustee-vcek-invalid-legacy", RejectionCode.ChainUntrusted)]
    [InlineData("neg-trustee-vcek-invalid-new", RejectionCode.ChainUntrusted)]
    [InlineData("neg-turin-leaf-of-other-chip", RejectionCode.ChainUntrusted)]
    [InlineData("neg-turin-reported-tcb-bitflip", RejectionCode.SignatureInvalid)]
    [InlineData("neg-vlek-expired", RejectionCode.CertificateNotInValidity)]
    public void Verify_Forgery_IsRefused(string name, RejectionCode code) =>
        Rejections.AssertCode(code, () => SharedVectors.Verify(Verifier, SharedVectors.Read("snp", name)));

    [Theory]
    [InlineData("google-milan-v2-debug")]
    [InlineData("microsoft-turin-v5")]
    [InlineData("trustee-milan-vlek-v3-vmpl1")]
    public void Show_GenuineReport_ReportsTheSameClaims(string name) =>
        SharedVectors.AssertClaims("snp", name, Verifier.Show(SharedVectors.Read("snp", name).Evidence));

    [Fact]
    public void Machine_ReportOfAVcek_IsItsChip()
    {
        var chip = SharedVectors.Verify(Verifier, SharedVectors.Read("snp", "microsoft-genoa-v3"));
        var hidden = SharedVectors.Verify(Verifier, SharedVectors.Read("snp", "trustee-milan-vlek-v3-vmpl1"));

        Assert.Equal(64, chip.Machine.ChipId!.Value.Length);
        Assert.Equal(MachineIdentity.None, hidden.Machine);
    }
}
