using BlindAI.Attestation;
using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Nitro;
using BlindAI.Attestation.Policy;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Sgx;
using BlindAI.Attestation.Simulation;
using BlindAI.Attestation.Tdx;

namespace BlindAI.Cli.Attest;

/// <summary>The policy entry that accepts what was seen: that code, with those settings, on a platform that is at least as good.</summary>
/// <remarks>Debug mode and migration are never written: such an entry refuses the very server, and a person must decide.</remarks>
internal static class SeenEntry
{
    // RTMR0 (set-up of the virtual hardware), 1 (kernel), 2 (command line, initrd). RTMR3 belongs to the application and grows while it runs.
    private static readonly int[] PinnedRtmrs = [0, 1, 2];

    // Firmware and boot chain; 10 and above 11 are extended while the system runs.
    private static readonly int[] PinnedTpmPcrs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11];

    // Image, kernel, application; parent's role and signing certificate where they are set. PCR4 names one parent instance.
    private static readonly int[] PinnedNitroPcrs = [0, 1, 2, 3, 8];

    /// <exception cref="AttestationException"><see cref="RejectionCode.PolicyUnsupported"/>: no entry can be written for that TEE alone.</exception>
    public static PolicyEntry Of(VerifiedEvidence evidence) => evidence switch
    {
        VerifiedSgx sgx => new SgxPolicyEntry { MrEnclave = [new(sgx.Report.MrEnclave.Span)], Dcap = Of(sgx.Platform) },
        VerifiedTdx tdx => new TdxPolicyEntry
        {
            MrTd = [new(tdx.Report.MrTd.Span)],
            Rtmr = PinnedRtmrs.ToDictionary(index => index, index => new HexValue(tdx.Report.Rtmrs[index].Span)),
            Dcap = Of(tdx.Platform),
            TdAttributes = new(Bits<TdAttributeBit>(tdx.Report.Attributes).Where(rule => rule is not { Key: TdAttributeBit.Migratable, Value: true })),
        },
        VerifiedSnp snp => new SnpPolicyEntry
        {
            Products = [snp.Product],
            Measurements = [new(snp.Report.Measurement.Span)],
            Vmpl = (int)snp.Report.Vmpl,
            MinimumTcb = new Dictionary<SnpProduct, SnpTcb> { [snp.Product] = snp.ReportedTcb },
            HostData = new(snp.Report.HostData.Span),
            GuestPolicy = new(Bits<SnpPolicyBit>(snp.Report.Policy).Where(rule => rule is not { Key: SnpPolicyBit.MigrateMa, Value: true })),
        },
        VerifiedNitro nitro => new NitroPolicyEntry
        {
            Pcrs = PinnedNitroPcrs.Where(index => index <= 2 || IsSet(nitro, index)).ToDictionary(index => index, index => new HexValue(nitro.Document.Pcrs[index].Span)),
        },
        VerifiedAzure azure => new AzurePolicyEntry
        {
            Hardware = Of(azure.Hardware),
            Pcrs = PinnedTpmPcrs.Where(index => azure.FindPcr(index) is not null).ToDictionary(index => index, index => azure.FindPcr(index)!),
            VmConfiguration = new() { SecureBoot = azure.RuntimeData.SecureBoot, TpmEnabled = azure.RuntimeData.TpmEnabled, ConsoleEnabled = azure.RuntimeData.ConsoleEnabled },
        },
        VerifiedSimulation simulation => new SimulationPolicyEntry { Key = DigestRule.OneOf(new HexValue(simulation.Key.Bytes)) },
        _ => throw new AttestationException(RejectionCode.PolicyUnsupported, $"No policy entry can be written for {evidence.Tee} alone.", "write it from the measurements that you reviewed."),
    };

    private static DcapRules Of(DcapPlatform platform) => new()
    {
        TcbStatus = [platform.Tcb.Status],
        AllowAdvisories = platform.Tcb.Status == TcbStatus.UpToDate ? null : platform.Tcb.Advisories,
        MinimumTcbEvaluationDataNumber = Math.Min(platform.TcbEvaluationDataNumber, platform.QeIdentityEvaluationDataNumber) is > 0 and var number ? number : null,
    };

    private static bool IsSet(VerifiedNitro nitro, int index) => nitro.Document.Pcrs.TryGetValue(index, out var value) && value.Span.ContainsAnyExcept((byte)0);

    // Every bit that has a name, as it was seen.
    private static IEnumerable<KeyValuePair<TBit, bool>> Bits<TBit>(ulong word)
        where TBit : struct, Enum =>
        Enum.GetValues<TBit>().Select(bit => KeyValuePair.Create(bit, ((word >> (int)(object)bit) & 1) == 1));
}
