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
    [InlineData("DOTNET_EnableEventPipe")]
    [InlineData("COMPlus_EventPipeOutputPath")]
    [InlineData("DOTNET_DiagnosticPorts")]
    [InlineData("DOTNET_DbgEnableMiniDump")]
    [InlineData("SSLKEYLOGFILE")]
    public void RefuseInjection_VariableThatLoadsForeignCode_IsRefusedByName(string variable)
    {
        var refusal = Assert.Throws<ConfigurationException>(() => StartupHardening.RefuseInjection(["PATH", variable]));

        Assert.Contains(variable, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RefuseInjection_CleanEnvironment_IsAccepted() => StartupHardening.RefuseInjection(["PATH", "DOTNET_ROOT", "DOTNET_gcServer", "DOTNET_GCHeapHardLimit", "BLINDAI_Listen__Url"]);

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
