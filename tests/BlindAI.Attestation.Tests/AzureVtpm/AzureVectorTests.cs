using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Tests.Evidence;

namespace BlindAI.Attestation.Tests.AzureVtpm;

/// <summary>Evidence of real confidential VMs of Azure, and forgeries of it.</summary>
public sealed class AzureVectorTests
{
    private static readonly AzureVerifier Verifier = new();

    [Theory]
    [InlineData("trustee-snp-genoa", (RejectionCode)0)]
    [InlineData("trustee-snp-milan-v0", (RejectionCode)0)]
    [InlineData("trustee-tdx-v0", RejectionCode.TcbNotAccepted)]
    public void Verify_GenuineEvidence_ReportsItsClaims(string name, RejectionCode byDefault)
    {
        var verified = Assert.IsType<VerifiedAzure>(SharedVectors.Verify(Verifier, SharedVectors.Read("azure", name)));

        SharedVectors.AssertClaims("azure", name, verified.ToJson());
        Assert.True(verified.IsFresh);
        Assert.Equal(SharedVectors.Expect("azure", name)["validity_window"]![1]!.GetValue<DateTimeOffset>(), verified.ValidUntil);
        Assert.NotEqual(MachineIdentity.None, verified.Machine);
        Assert.Equal(byDefault == 0 ? "accept" : "reject", SharedVectors.Expect("azure", name)["default_policy"]!["result"]!.GetValue<string>());
        SharedVectors.AssertDefault(Verifier, verified, byDefault);
    }

    [Theory]
    [InlineData("neg-attacker-ak", RejectionCode.RuntimeDataUnbound)]
    [InlineData("neg-pcr-value-changed", RejectionCode.RegistersMismatch)]
    [InlineData("neg-tpm-signature-bitflip", RejectionCode.SignatureInvalid)]
    [InlineData("neg-vardata-edited", RejectionCode.RuntimeDataUnbound)]
    [InlineData("neg-wrong-nonce", RejectionCode.NonceMismatch)]
    public void Verify_Forgery_IsRefused(string name, RejectionCode code) =>
        Rejections.AssertCode(code, () => SharedVectors.Verify(Verifier, SharedVectors.Read("azure", name)));

    // There is neither a quote nor a VCEK: what it says can be read, and that the report names it can be seen, but nothing of it is proved.
    [Fact]
    public void Show_HclReportAlone_IsReadAndNeverVerified()
    {
        const string Name = "kinvolk-hcl-snp-parse-only";
        var evidence = SharedVectors.Read("azure", Name).Evidence;

        var shown = Verifier.Show(evidence);

        SharedVectors.AssertClaims("azure", Name, shown);
        Assert.True(shown["runtime_data_named"]!.GetValue<bool>());
        Rejections.AssertCode(RejectionCode.CollateralMissing, () => Verifier.Verify(evidence, EvidenceChallenge.DangerouslyNone, DateTimeOffset.UnixEpoch));
    }

    [Theory]
    [InlineData("neg-attacker-ak")]
    [InlineData("neg-vardata-edited")]
    public void Show_RuntimeDataOfAnotherMachine_SaysSo(string name) =>
        Assert.False(Verifier.Show(SharedVectors.Read("azure", name).Evidence)["runtime_data_named"]!.GetValue<bool>());

    [Fact]
    public void Show_WholeEvidence_ShowsQuoteAndHardware()
    {
        var shown = Verifier.Show(SharedVectors.Read("azure", "trustee-tdx-v0").Evidence);

        Assert.Equal("6368616c6c656e6765", shown["tpm_nonce"]!.GetValue<string>());
        Assert.Equal("024a32b070383331181619fa387cb4d55d1e38879f989933055ccad5bc2db795d1737b66205949d15469dc8c1ba7ab7b", shown["tdx"]!["mrtd"]!.GetValue<string>());
    }
}
