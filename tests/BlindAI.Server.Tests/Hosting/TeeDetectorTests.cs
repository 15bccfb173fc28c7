using BlindAI.Attestation;
using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Nitro;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Sgx;
using BlindAI.Attestation.Tdx;
using BlindAI.Protocol.Configuration;
using BlindAI.Server.Hosting;

namespace BlindAI.Server.Tests.Hosting;

public sealed class TeeDetectorTests : IDisposable
{
    // In the order in which they are looked for.
    private static readonly (string Path, Type Attester)[] Devices =
    [
        ("dev/attestation/attestation_type", typeof(GramineAttester)),
        ("dev/nsm", typeof(NsmAttester)),
        ("dev/tpmrm0", typeof(AzureAttester)),
        ("sys/kernel/config/tsm/report/entries", typeof(SnpConfigfsAttester)),
        ("dev/sev-guest", typeof(SevGuestAttester)),
    ];

    private readonly string _root = Directory.CreateTempSubdirectory("blindai-server-tests-").FullName;

    private string _provider = "sev_guest";

    private bool _hasHclReport = true;

    private AttestationException? _fault;

    [Fact]
    public async Task FindAttesterAsync_NoDevice_SaysWhatWasLookedAt()
    {
        var refusal = await RefusalAsync();

        Assert.Contains("Looked at /dev/attestation (Gramine): absent; /dev/nsm (AWS Nitro): absent; /dev/tpmrm0 (Azure's virtual TPM): absent; "
            + "/sys/kernel/config/tsm/report (configfs-tsm): absent; /dev/sev-guest (AMD SEV-SNP): absent; /dev/tdx_guest (Intel TDX): absent.", refusal, StringComparison.Ordinal);
        Assert.Contains("--simulation", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FindAttesterAsync_AllDevices_AreTakenInTheirOrder()
    {
        Array.ForEach(Devices, device => Make(device.Path));

        foreach (var (path, attester) in Devices)
        {
            Assert.IsType(attester, await FindAsync());
            Remove(path);
        }
    }

    [Fact]
    public async Task FindAttesterAsync_TdxProvider_IsTdx()
    {
        Make("sys/kernel/config/tsm/report/entries");
        _provider = "tdx_guest";

        Assert.IsType<TdxConfigfsAttester>(await FindAsync());
    }

    [Fact]
    public async Task FindAttesterAsync_UnknownProvider_LooksOn()
    {
        Make("sys/kernel/config/tsm/report/entries");
        Make("dev/tdx_guest");
        _provider = "arm_cca_guest";

        var refusal = await RefusalAsync();
        Assert.Contains("(configfs-tsm): there, but its provider is neither", refusal, StringComparison.Ordinal);
        Assert.Contains("(Intel TDX): there, but quotes come through configfs-tsm", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FindAttesterAsync_TpmOfAnotherMachine_LooksOn()
    {
        Make("dev/tpmrm0");
        Make("dev/sev-guest");
        _hasHclReport = false;

        Assert.IsType<SevGuestAttester>(await FindAsync());
        Remove("dev/sev-guest");
        Assert.Contains("it holds no HCL report", await RefusalAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FindAttesterAsync_DevicesThatRefuse_SaysWhatTheySaid()
    {
        Make("dev/tpmrm0");
        Make("sys/kernel/config/tsm/report/entries");
        _fault = new AttestationException(RejectionCode.EvidenceUnavailable, "it may not be opened.");

        var refusal = await RefusalAsync();
        Assert.Contains("/dev/tpmrm0 (Azure's virtual TPM): it may not be opened.", refusal, StringComparison.Ordinal);
        Assert.Contains("/sys/kernel/config/tsm/report (configfs-tsm): it may not be opened.", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FindAttesterAsync_PlainFilesInTheirPlace_AreNoTee()
    {
        // What asks the devices in earnest finds neither a TPM nor a kernel here.
        Make("dev/tpmrm0");
        Make("sys/kernel/config/tsm/report/entries");

        var exception = await Assert.ThrowsAsync<ConfigurationException>(() => new TeeDetector(_root).FindAttesterAsync(isSimulation: false));
        Assert.Contains("The TPM gave an answer of another form", exception.Message, StringComparison.Ordinal);
        Assert.Contains("report is not there", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FindAttesterAsync_SimulationBesideHardware_IsSimulation()
    {
        Make("dev/nsm");

        Assert.Same(TeeKind.Simulation, (await new TeeDetector(_root).FindAttesterAsync(isSimulation: true)).Tee);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private void Make(string file)
    {
        Directory.CreateDirectory(Path.Combine(_root, Path.GetDirectoryName(file)!));
        File.WriteAllText(Path.Combine(_root, file), "");
    }

    private void Remove(string file)
    {
        File.Delete(Path.Combine(_root, file));
        if (Path.GetDirectoryName(file) is { } folder && folder != "dev")
        {
            Directory.Delete(Path.Combine(_root, folder));
        }
    }

    private Task<IAttester> FindAsync() => new TeeDetector(_root)
    {
        ReadProvider = _ => _fault is null ? _provider : throw _fault,
        HasHclReport = _ => _fault is null ? new(_hasHclReport) : throw _fault,
    }.FindAttesterAsync(isSimulation: false);

    private async Task<string> RefusalAsync() => (await Assert.ThrowsAsync<ConfigurationException>(FindAsync)).Message;
}
