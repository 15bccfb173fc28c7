using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.NvidiaGpu;

/// <summary>Proves that an NVIDIA device signed a report, and compares it with NVIDIA's reference measurements.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 15. 1. The report parses. 2. NVIDIA's root vouches for the device's key, now. 3. That key signed request and answer.
/// 4. The firmware that the report names is the one that the key was made for. 5. The report answers the challenge. 6. Where reference measurements came along,
/// NVIDIA signed them and they are of this driver and VBIOS; how the measurements compare is part of the result. Revocation is not looked up.
/// </remarks>
public sealed class NvidiaVerifier : ITeeVerifier
{
    private readonly TrustAnchors _devices;

    private readonly TrustAnchors _referenceMeasurements;

    /// <summary>Believes in NVIDIA's roots.</summary>
    public NvidiaVerifier()
        : this(NvidiaRoots.Devices, NvidiaRoots.ReferenceMeasurements)
    {
    }

    internal NvidiaVerifier(TrustAnchors roots)
        : this(roots, roots)
    {
    }

    private NvidiaVerifier(TrustAnchors devices, TrustAnchors referenceMeasurements) => (_devices, _referenceMeasurements) = (devices, referenceMeasurements);

    /// <inheritdoc/>
    public TeeKind Tee => TeeKind.NvidiaGpu;

    /// <inheritdoc/>
    public VerifiedEvidence Verify(TeeEvidence evidence, EvidenceChallenge challenge, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        ArgumentNullException.ThrowIfNull(challenge);
        var report = NvidiaReport.Parse(evidence.Data);                                                                                  // 1
        var chain = Pem.ReadCertificates(evidence.RequireEndorsement(EndorsementName.CertChain));
        var dice = DiceExtension.Find(chain[0]);
        CertificateChain.Verify(chain, _devices, now, knownCritical: dice?.Oid);                                                         // 2
        using var key = chain[0].ImportP384();
        Reject.Unless(key.VerifyData(report.SignedBytes.Span, report.Signature.Span, HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
            RejectionCode.SignatureInvalid, "The GPU report is not signed by the key of the device's certificate.");                     // 3
        Reject.Unless(report.FwId.IsEmpty || (dice is not null && dice.Names(report.FwId.Span)), RejectionCode.FirmwareIdMismatch,
            "The GPU report names other firmware than the certificate of the key that signed it.");                                      // 4
        challenge.RequireNonce(report.Nonce.Span);                                                                                       // 5
        var rim = CompareWithRims(evidence, report, chain[0], now);                                                                                // 6
        var end = CertificateChain.EndOf(chain);
        return new VerifiedGpu(report, chain[0], rim) { IsFresh = challenge.IsExpected, ValidUntil = rim is not null && rim.ValidUntil < end ? rim.ValidUntil : end };
    }

    /// <inheritdoc/>
    /// <remarks>
    /// 1. It is a GPU of an accepted generation. 2. Its measurements are NVIDIA's. 3. Its firmware is accepted: RIM files, versions, FWID. 4. Its board is accepted.
    /// 5. It is set up as demanded. Debug (DevTools) mode is in no field of a report, so that nothing here can see it.
    /// </remarks>
    public void Judge(VerifiedEvidence evidence, PolicyEntry entry)
    {
        var (gpu, accepted) = ((VerifiedGpu)evidence, (NvidiaPolicyEntry)entry);
        var report = gpu.Report;
        var architecture = RequireGpu(gpu);
        Require(accepted.Architectures is null || accepted.Architectures.Contains(architecture), RejectionCode.ProductNotAccepted, "generation");                 // 1
        var rim = RequireRims(gpu);                                                                                                                            // 2
        Require(accepted.Rims is null || (accepted.Rims.Contains(rim.DriverRim.Bytes) && accepted.Rims.Contains(rim.VbiosRim.Bytes)), RejectionCode.GpuFirmwareNotAccepted, "RIM file");
        Require(IsIn(accepted.DriverVersions, report.DriverVersion), RejectionCode.GpuFirmwareNotAccepted, "driver version");
        Require(IsIn(accepted.VbiosVersions, report.VbiosVersion), RejectionCode.GpuFirmwareNotAccepted, "VBIOS version");
        Require(accepted.FwIds is null || accepted.FwIds.Contains(report.FwId.Span), RejectionCode.GpuFirmwareNotAccepted, "firmware identity");                  // 3
        Require(accepted.BoardIds is null || accepted.BoardIds.Contains(report.BoardId.Span), RejectionCode.ProductNotAccepted, "board id");
        Require(IsIn(accepted.ChipSkus, report.ChipSku), RejectionCode.ProductNotAccepted, "chip SKU");
        Require(IsIn(accepted.Projects, report.Project), RejectionCode.ProductNotAccepted, "project");
        Require(IsIn(accepted.ProjectSkus, report.ProjectSku), RejectionCode.ProductNotAccepted, "project SKU");                                               // 4
        Require(accepted.Nvdec0Enabled is null || accepted.Nvdec0Enabled == report.IsNvdec0Enabled, RejectionCode.PlatformNotAccepted, "state of NVDEC0");
        Require(accepted.ProtectedPcie is null || accepted.ProtectedPcie == report.IsProtectedPcie, RejectionCode.PlatformNotAccepted, "state of protected PCIe"); // 5
    }

    /// <inheritdoc/>
    /// <remarks>1. It is a GPU. 2. Its measurements are NVIDIA's.</remarks>
    public void JudgeByDefault(VerifiedEvidence evidence)
    {
        var gpu = (VerifiedGpu)evidence;
        RequireGpu(gpu);                                                                                                                 // 1
        RequireRims(gpu);                                                                                                                // 2
    }

    /// <inheritdoc/>
    public JsonObject Show(TeeEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        var report = NvidiaReport.Parse(evidence.Data);
        var json = VerifiedGpu.Show(report);
        if (evidence.FindEndorsement(EndorsementName.CertChain) is { } chain)
        {
            foreach (var (name, value) in VerifiedGpu.IdentityOf(report, Pem.ReadCertificates(chain)[0]))
            {
                json[name] = value?.DeepClone();
            }
        }

        return json;
    }

    // Half a firmware compared is no firmware compared: both files, or the result says that there was no comparison.
    private RimComparison? CompareWithRims(TeeEvidence evidence, NvidiaReport report, Certificate device, DateTimeOffset now) =>
        evidence.FindEndorsement(EndorsementName.DriverRim) is { } driver && evidence.FindEndorsement(EndorsementName.VbiosRim) is { } vbios
            ? RimComparison.Of(RimFile.Verify(driver, _referenceMeasurements, now), RimFile.Verify(vbios, _referenceMeasurements, now), report, device)
            : null;

    private static NvidiaArchitecture RequireGpu(VerifiedGpu gpu) => gpu.Architecture ?? throw new AttestationException(
        RejectionCode.ProductNotAccepted, "The device is a switch, or a GPU of a generation that this version does not know.", "a newer version may know it.");

    private static RimComparison RequireRims(VerifiedGpu gpu)
    {
        var rim = gpu.Rim ?? throw new AttestationException(RejectionCode.CollateralMissing,
            $"The collateral \"{EndorsementName.DriverRim}\" or \"{EndorsementName.VbiosRim}\" is not there: the GPU's firmware could not be compared.", "fetch both, or ask the server to send them along.");
        Reject.Unless(rim.Mismatches == 0, RejectionCode.GpuFirmwareNotAccepted,
            $"{rim.Mismatches} of {rim.Compared} measurements of the GPU are not those that NVIDIA signed for its driver and VBIOS.", "the firmware was changed, or is another than it says: stop.");
        return rim;
    }

    private static bool IsIn(IReadOnlyList<string>? accepted, string? seen) => accepted is null || (seen is not null && accepted.Contains(seen));

    private static void Require(bool condition, RejectionCode code, string what) =>
        Reject.Unless(condition, code, $"The GPU's {what} is not what the policy demands.", "'blindai attest' shows what the GPU reports.");
}
