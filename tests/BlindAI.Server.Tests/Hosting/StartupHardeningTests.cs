using BlindAI.Protocol.Configuration;
using BlindAI.Server.Hosting;

namespace BlindAI.Server.Tests.Hosting;

public sealed class StartupHardeningTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("blindai-server-tests-").FullName;

    [Theory]
    [InlineData("LD_PRELOAD")]
    [InlineData("LD_AUDIT")]
    [InlineData("DOTNET_STARTUP_HOOKS")]
    [InlineData("CORECLR_ENABLE_PROFILING")]
    public void RefuseInjection_VariableThatLoadsForeignCode_IsRefusedByName(string variable)
    {
        var refusal = Assert.Throws<ConfigurationException>(() => StartupHardening.RefuseInjection(name => name == variable ? "/x.so" : null));

        Assert.Contains(variable, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RefuseInjection_CleanEnvironment_IsAccepted() => StartupHardening.RefuseInjection(_ => null);

    [Fact]
    public void RefuseSwap_SwapArea_IsRefused()
    {
        var file = Path.Combine(_folder, "swaps");
        File.WriteAllText(file, "Filename\tType\tSize\tUsed\tPriority\n/swapfile\tfile\t2097148\t0\t-2\n");

        Assert.Throws<ConfigurationException>(() => StartupHardening.RefuseSwap(file));
    }

    [Fact]
    public void RefuseSwap_NoSwapArea_IsAccepted()
    {
        var file = Path.Combine(_folder, "swaps");
        File.WriteAllText(file, "Filename\tType\tSize\tUsed\tPriority\n");

        StartupHardening.RefuseSwap(file);
        StartupHardening.RefuseSwap(Path.Combine(_folder, "absent"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
