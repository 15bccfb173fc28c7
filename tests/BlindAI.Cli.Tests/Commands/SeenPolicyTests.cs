using BlindAI.Attestation;
using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Cli.Attest;
using BlindAI.Testing;

namespace BlindAI.Cli.Tests.Commands;

/// <summary>The entry that <c>--write-policy</c> writes, for real evidence of every TEE: it accepts that evidence and no other.</summary>
public sealed class SeenPolicyTests
{
    [Theory]
    [InlineData("sgx/signal-cdsi-2026", "sgx/automata-v3-2025-08")]
    [InlineData("tdx/google-v5-2026", "tdx/phala-v4-2025")]
    [InlineData("tdx/trustee-v4-gnr-2026", "tdx/google-v5-2026")]
    [InlineData("snp/microsoft-genoa-v3", "snp/lunal-genoa-v5")]
    [InlineData("snp/trustee-milan-vlek-v3-vmpl1", "snp/virtee-milan-v2")]
    [InlineData("nitro/marlin-2024-02", "nitro/evervault-2022")]
    [InlineData("azure/trustee-snp-genoa", "azure/trustee-snp-milan-v0")]
    [InlineData("azure/trustee-tdx-v0", "azure/trustee-snp-genoa")]
    public void Of_RealEvidence_AcceptsItAndNoOther(string seen, string other)
    {
        var evidence = Verify(seen);
        var verifier = TeeVerifiers.For(evidence.Tee);
        var entry = AsWritten(SeenEntry.Of(evidence));

        verifier.Judge(evidence, entry);
        Assert.InRange((int)Assert.Throws<AttestationException>(() => verifier.Judge(Verify(other), entry)).Code, 500, 599);
    }

    [Theory]
    [InlineData("sgx/openenclave-plugin-debug")]
    [InlineData("tdx/trustee-v4-debug")]
    [InlineData("snp/google-milan-v2-debug")]
    public void Of_DebugMode_IsNotAllowed(string seen)
    {
        var evidence = Verify(seen);

        Assert.Equal(RejectionCode.DebugNotAccepted, Assert.Throws<AttestationException>(() => TeeVerifiers.For(evidence.Tee).Judge(evidence, SeenEntry.Of(evidence))).Code);
    }

    [Fact]
    public void Of_GpuAlone_IsRefused() =>
        Assert.Equal(RejectionCode.PolicyUnsupported, Assert.Throws<AttestationException>(() => SeenEntry.Of(Verify("nvidia/hopper-550-full-with-rims"))).Code);

    [Fact]
    public async Task Attest_WritePolicyForHardwareThatDoesNotHold_WritesNone()
    {
        using var intel = new ForgedIntel();
        await using var server = await SimulatedServer.StartAsync(evidence: intel.Prove());
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("policy.json");

        var run = await CliRun.OfAsync("attest", "--url", server.Url, "--write-policy", file);

        Assert.Equal(10, run.Exit);
        Assert.StartsWith("error 302 ChainUntrusted: ", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(file));
    }

    // As a file says it: what the policy's language cannot say would be lost here.
    private static PolicyEntry AsWritten(PolicyEntry entry) => AttestationPolicy.Parse(new AttestationPolicy
    {
        Service = "s",
        Machines = new MachineRule.Any(),
        Configuration = DigestRule.DangerouslyAny,
        Accept = [entry],
        OtherModels = OtherModels.Allow,
    }.Encode()).Accept[0];

    private static VerifiedEvidence Verify(string name)
    {
        const string Missing = "The shared vectors are missing: set BLINDAI_SHARED to the folder that holds vectors/.";
        if (RepositoryRoot.SharedVectors is null && RepositoryRoot.IsContinuousIntegration)
        {
            Assert.Fail(Missing);
        }

        Assert.SkipWhen(RepositoryRoot.SharedVectors is null, Missing);
        var captured = CapturedEvidence.ReadFolder(Path.Combine(RepositoryRoot.SharedVectors!, name));
        return TeeVerifiers.For(captured.Tee).Verify(captured.Evidence, captured.Challenge, captured.At!.Value);
    }
}
