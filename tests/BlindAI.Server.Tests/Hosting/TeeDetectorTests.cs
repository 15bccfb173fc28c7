using BlindAI.Attestation;
using BlindAI.Protocol.Configuration;
using BlindAI.Server.Hosting;

namespace BlindAI.Server.Tests.Hosting;

public sealed class TeeDetectorTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("blindai-server-tests-").FullName;

    [Fact]
    public void FindAttester_NoDeviceAndNoSimulation_IsRefused() =>
        Assert.Contains("--simulation", Refusal(), StringComparison.Ordinal);

    [Theory]
    [InlineData("sys/kernel/config/tsm/report", "configfs-tsm")]
    [InlineData("dev/sev-guest", "SEV-SNP")]
    [InlineData("dev/tdx_guest", "TDX")]
    [InlineData("dev/nsm", "Nitro")]
    [InlineData("dev/attestation", "Gramine")]
    public void FindAttester_TeeThatThisBuildCannotAttest_IsRefusedByName(string device, string name)
    {
        Directory.CreateDirectory(Path.Combine(_root, Path.GetDirectoryName(device)!));
        File.WriteAllText(Path.Combine(_root, device), "");

        Assert.Contains(name, Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void FindAttester_SimulationAskedFor_IsSimulation() =>
        Assert.Same(TeeKind.Simulation, TeeDetector.FindAttester(isSimulation: true, _root).Tee);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Refusal() => Assert.Throws<ConfigurationException>(() => TeeDetector.FindAttester(isSimulation: false, _root)).Message;
}
