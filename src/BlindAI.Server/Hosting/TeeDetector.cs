using BlindAI.Attestation;
using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Nitro;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Sgx;
using BlindAI.Attestation.Simulation;
using BlindAI.Attestation.Tdx;
using BlindAI.Protocol.Configuration;

namespace BlindAI.Server.Hosting;

/// <summary>Finds the TEE that this process runs in, or refuses to run without one.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 17.1. The order matters: what surrounds the process most closely comes first, and Azure's virtual TPM before the
/// guest's own devices, which a paravisor keeps for itself.
/// </remarks>
internal sealed class TeeDetector
{
    private const string TdxDevice = "/dev/tdx_guest";

    private readonly string _root;

    private readonly List<string> _findings = [];

    /// <param name="root">Where the device files are looked for; tests point it at a folder of their own.</param>
    public TeeDetector(string root = "/") => _root = root;

    /// <summary>Asks configfs-tsm at a path for its provider. A fake folder cannot answer, so tests do.</summary>
    public Func<string, string> ReadProvider { get; init; } = folder => new ConfigfsTsm(folder).ReadProvider();

    /// <summary>Asks the TPM at a path whether it holds an HCL report. A fake file cannot answer, so tests do.</summary>
    public Func<string, ValueTask<bool>> HasHclReport { get; init; } = device => AzureAttester.HasHclReportAsync(device, CancellationToken.None);

    /// <summary>Gives the attester to use.</summary>
    /// <param name="isSimulation">Whether the operator asked for simulation; it is never chosen for him.</param>
    /// <exception cref="ConfigurationException">There is no TEE that can be used; the message says what was looked at and found.</exception>
    public async Task<IAttester> FindAttesterAsync(bool isSimulation)
    {
        if (isSimulation)
        {
            return new SimulationAttester();
        }

        return Look(GramineAttester.DefaultFolder, "Gramine", path => new GramineAttester(path))
            ?? Look(NsmAttester.DefaultDevice, "AWS Nitro", path => new NsmAttester(path))
            ?? await LookForAzureAsync()
            ?? Look(ConfigfsTsm.DefaultFolder, "configfs-tsm", ChooseByProvider)
            ?? Look(SevGuestAttester.DefaultDevice, "AMD SEV-SNP", path => new SevGuestAttester(path))
            ?? Look(TdxDevice, "Intel TDX", _ => Unusable("there, but quotes come through configfs-tsm: Linux 6.7 or newer, mounted"))
            ?? throw new ConfigurationException($"This is no Trusted Execution Environment that can be used. Looked at {string.Join("; ", _findings)}. "
                + "Simulation is never chosen by itself: --simulation asks for it, for development, and protects nothing.");
    }

    // Null: not this one; the finding says why.
    private IAttester? Look(string device, string what, Func<string, IAttester?> take)
    {
        var path = Path.Join(_root, device);
        _findings.Add($"{device} ({what}): absent");
        if (!Path.Exists(path))
        {
            return null;
        }

        try
        {
            return take(path);
        }
        catch (AttestationException exception)
        {
            return Unusable(exception.Message);
        }
    }

    private async Task<IAttester?> LookForAzureAsync()
    {
        bool? isAzure = null;
        string? fault = null;
        var path = Path.Join(_root, AzureAttester.DefaultDevice);
        if (File.Exists(path))
        {
            try
            {
                isAzure = await HasHclReport(path);
            }
            catch (AttestationException exception)
            {
                fault = exception.Message;
            }
        }

        return Look(AzureAttester.DefaultDevice, "Azure's virtual TPM",
            device => isAzure == true ? new AzureAttester(device) : Unusable(fault ?? "there, but it holds no HCL report: another machine's TPM"));
    }

    private HardwareAttester? ChooseByProvider(string folder) => ReadProvider(folder) switch
    {
        SnpConfigfsAttester.Provider => new SnpConfigfsAttester(new ConfigfsTsm(folder)),
        TdxConfigfsAttester.Provider => new TdxConfigfsAttester(new ConfigfsTsm(folder)),
        _ => Unusable("there, but its provider is neither sev_guest nor tdx_guest"),
    };

    // Says more about what was looked at last.
    private HardwareAttester? Unusable(string why)
    {
        _findings[^1] = $"{_findings[^1][..^"absent".Length]}{why}";
        return null;
    }
}
