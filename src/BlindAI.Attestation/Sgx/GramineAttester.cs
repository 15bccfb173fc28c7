using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Sgx;

/// <summary>Has an SGX enclave under Gramine quoted, through its pseudo-files in <c>/dev/attestation</c>.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 17.5; Gramine, "Attestation and Secret Provisioning". The files are one state for the whole process: writing and
/// reading is one turn of <see cref="HardwareAttester"/>. Never run on hardware.
/// </remarks>
public sealed class GramineAttester(string folder = GramineAttester.DefaultFolder) : HardwareAttester(TeeKind.Sgx, folder)
{
    /// <summary>Where Gramine shows it.</summary>
    public const string DefaultFolder = "/dev/attestation";

    // A quote with its PCK chain has 4 to 5 KiB.
    private const int MaxQuoteLength = 64 * 1024;

    private protected override ValueTask<TeeEvidence> MakeAsync(ReportData reportData, Nonce? nonce, CancellationToken cancellationToken)
    {
        var type = DeviceFile.ReadText(Path.Combine(Device, "attestation_type"));
        Reject.Unless(type == "dcap", RejectionCode.EvidenceUnavailable, $"{Device} offers no DCAP attestation.", "set sgx.remote_attestation = \"dcap\" in the manifest, and sign it again.");
        DeviceFile.Write(Path.Combine(Device, "user_report_data"), reportData.Bytes);
        var quote = DeviceFile.Read(Path.Combine(Device, "quote"), MaxQuoteLength);
        Reject.Unless(quote.Length > 0, RejectionCode.EvidenceUnavailable, $"{Device} gave an empty quote.", "does the quoting service (AESM) of the host run?");
        return new(new TeeEvidence(Tee.EvidenceType, quote));
    }
}
