using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.NvidiaGpu;

/// <summary>How the measurements of a GPU compare with NVIDIA's signed reference measurements of the same driver and VBIOS.</summary>
public sealed class RimComparison
{
    // The measurement of the video decoder, which has no meaning while the decoder is off. Source: NVIDIA's attestation SDK.
    private const int Nvdec0Index = 35;

    private RimComparison(RimFile driver, RimFile vbios, NvidiaReport report)
    {
        (DriverVersion, VbiosVersion) = (driver.Version, vbios.Version);
        (DriverRim, VbiosRim) = (driver.Digest, vbios.Digest);
        ValidUntil = driver.ValidUntil < vbios.ValidUntil ? driver.ValidUntil : vbios.ValidUntil;
        foreach (var (index, accepted) in driver.Active.Concat(vbios.Active).Where(entry => entry.Key != Nvdec0Index || report.IsNvdec0Enabled != false))
        {
            Compared++;

            // A RIM counts from 0, a report from 1.
            if (!report.Blocks.TryGetValue(index + 1, out var measured) || !accepted.Any(value => measured.Span.SequenceEqual(value)))
            {
                Mismatches++;
            }
        }
    }

    /// <summary>The driver that the RIM is of.</summary>
    public string DriverVersion { get; }

    /// <summary>The VBIOS that the RIM is of.</summary>
    public string VbiosVersion { get; }

    /// <summary>SHA-256 of the driver's RIM file.</summary>
    public Sha256Digest DriverRim { get; }

    /// <summary>SHA-256 of the VBIOS's RIM file.</summary>
    public Sha256Digest VbiosRim { get; }

    /// <summary>How many measurements were compared.</summary>
    public int Compared { get; }

    /// <summary>How many of them are not one of the accepted values, or are absent.</summary>
    public int Mismatches { get; }

    internal DateTimeOffset ValidUntil { get; }

    /// <summary>1. The files are of this chip, this driver and this VBIOS. 2. No measurement is in both.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.CollateralMismatch"/>.</exception>
    internal static RimComparison Of(RimFile driver, RimFile vbios, NvidiaReport report, Certificate device)
    {
        RequireProduct(driver, device);
        RequireProduct(vbios, device);
        RequireVersion(driver.Version, report.DriverVersion, "driver");                                                                  // 1
        RequireVersion(vbios.Version, report.VbiosVersion, "VBIOS");
        Reject.Unless(!driver.Active.Keys.Any(vbios.Active.ContainsKey), RejectionCode.CollateralMismatch,
            "A measurement is active in the RIM files of driver and VBIOS both.", "fetch both again, from NVIDIA.");                     // 2
        return new(driver, vbios, report);
    }

    // Versions of different chips may be alike. The device's certificate names the chip first: "GH100 A01 GSP FMC LF".
    private static void RequireProduct(RimFile rim, Certificate device) =>
        Reject.Unless(device.SubjectCommonName.Split(' ')[0] == rim.Product, RejectionCode.CollateralMismatch,
            "The RIM file is for another chip than the GPU's.", "fetch the RIM file of this GPU's chip.");

    // A VBIOS version is hexadecimal and may come in either case.
    private static void RequireVersion(string expected, string? seen, string what) =>
        Reject.Unless(string.Equals(expected, seen, StringComparison.OrdinalIgnoreCase), RejectionCode.CollateralMismatch,
            $"The RIM file is of another {what} than the one that the GPU reports.", $"fetch the RIM file of the {what} that 'blindai attest' shows.");
}
