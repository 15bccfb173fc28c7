using BlindAI.Attestation.Evidence;
using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>The verifiers in a native binary: what reflection or code made at run time would need is not there.</summary>
public sealed class NativeVerificationTests
{
    private static readonly string[] Genuine =
        ["sgx/signal-cdsi-2026", "tdx/google-v5-2026", "snp/microsoft-turin-v5", "nitro/marlin-2024-02", "azure/trustee-snp-genoa", "azure/trustee-tdx-v0", "nvidia/hopper-550-full-with-rims"];

    private static readonly string[] Forged =
        ["sgx/neg-mrenclave-bitflip", "tdx/neg-rtmr3-bitflip", "snp/neg-forged-amd-chain", "nitro/neg-forged-root-in-cabundle", "azure/neg-attacker-ak", "nvidia/neg-measurement-bitflip"];

    [Fact]
    public async Task VerifyEvidence_NativeBinary_DecidesAsTheLibraryDoes()
    {
        Requirements.Require(RepositoryRoot.SharedVectors is not null, "The shared vectors are missing: set BLINDAI_SHARED to the folder that holds vectors/.");
        var program = await NativeProgram.VerifyEvidence.GetAsync();
        foreach (var (cases, result, exitCode) in new[] { (Genuine, "authentic", 0), (Forged, "refused", 1) })
        {
            var run = await ProgramRun.StartAsync(program, [.. cases.Select(name => Path.Combine(RepositoryRoot.SharedVectors!, name))]);

            Assert.Equal(exitCode, run.ExitCode);
            var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(cases.Length, lines.Length);
            Assert.All(lines, line => Assert.Contains(result, line, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Vectors_OfEveryTeeWithAVerifier_AreAmongThem()
    {
        var hardware = TeeVerifiers.All.Select(verifier => verifier.Tee).Where(tee => tee != Attestation.TeeKind.Simulation).Select(tee => tee.Name).Order();

        Assert.Equal(hardware, Genuine.Select(name => name.Split('/')[0]).Distinct().Order());
    }
}
