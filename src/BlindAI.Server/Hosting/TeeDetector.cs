using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Simulation;
using BlindAI.Protocol.Configuration;

namespace BlindAI.Server.Hosting;

/// <summary>Finds the TEE that this process runs in, or refuses to run without one.</summary>
internal static class TeeDetector
{
    private const string ConfigfsProvider = "/sys/kernel/config/tsm/report";

    private static readonly (string Path, string What)[] Devices =
    [
        (ConfigfsProvider, "a confidential VM (configfs-tsm)"),
        ("/dev/sev-guest", "an AMD SEV-SNP guest"),
        ("/dev/tdx_guest", "an Intel TDX guest"),
        ("/dev/nsm", "an AWS Nitro enclave"),
        ("/dev/attestation", "an Intel SGX enclave (Gramine)"),
    ];

    /// <summary>Gives the attester to use.</summary>
    /// <param name="isSimulation">Whether the operator asked for simulation; it is never chosen for him.</param>
    /// <param name="root">Where the device files are looked for; tests point it at a folder of their own.</param>
    /// <exception cref="ConfigurationException">There is no TEE, or none that this build can attest.</exception>
    public static IAttester FindAttester(bool isSimulation, string root = "/")
    {
        if (isSimulation)
        {
            return new SimulationAttester();
        }

        var found = Devices.FirstOrDefault(device => Path.Exists(Path.Join(root, device.Path)));
        throw new ConfigurationException(found.What is null
            ? "This is no Trusted Execution Environment: there is no configfs-tsm, /dev/sev-guest, /dev/tdx_guest, /dev/nsm or Gramine. For development, start with --simulation; it protects nothing."
            : $"This is {found.What}, and this version cannot make evidence there yet. Simulation is never chosen by itself; --simulation asks for it, and protects nothing.");
    }
}
