using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;
using BlindAI.Attestation.Policy;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Tdx;

namespace BlindAI.Attestation.AzureVtpm;

/// <summary>Proves what a confidential VM of Azure is, from its vTPM's quote down to the hardware.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 14. 1. The quote and the paravisor's report parse. 2. Hardware vouches for the runtime data: its report is authentic and
/// carries their hash. 3. They name the vTPM's attestation key. 4. That key signed the quote. 5. The quote answers the challenge. 6. The register values are the
/// quoted ones.
/// </remarks>
public sealed class AzureVerifier : ITeeVerifier
{
    private readonly ITeeVerifier _snp;
    private readonly ITeeVerifier _tdx;

    /// <summary>Trusts the roots of AMD and Intel.</summary>
    public AzureVerifier()
        : this(new SnpVerifier(), new TdxVerifier())
    {
    }

    internal AzureVerifier(TrustAnchors roots)
        : this(new SnpVerifier(roots), new TdxVerifier(roots))
    {
    }

    private AzureVerifier(ITeeVerifier snp, ITeeVerifier tdx) => (_snp, _tdx) = (snp, tdx);

    /// <inheritdoc/>
    public TeeKind Tee => TeeKind.AzureVtpm;

    /// <inheritdoc/>
    public VerifiedEvidence Verify(TeeEvidence evidence, EvidenceChallenge challenge, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        ArgumentNullException.ThrowIfNull(challenge);
        Reject.Unless(!evidence.Data.IsEmpty || evidence.FindEndorsement(EndorsementName.HclReport) is null, RejectionCode.CollateralMissing,
            "There is an HCL report and no TPM quote: nothing is proved about the guest.");
        var quote = TpmQuote.Parse(evidence.Data);                                                                         // 1
        var report = HclReport.Parse(evidence.RequireEndorsement(EndorsementName.HclReport));
        var hardware = VerifyHardware(report, evidence, now);                                                              // 2
        var runtimeData = AzureRuntimeData.Parse(report.RuntimeData);                                                      // 3
        RequireSignature(quote, evidence.RequireEndorsement(EndorsementName.TpmQuoteSignature).Span, runtimeData);         // 4
        challenge.RequireExtraData(quote.ExtraData.Span);                                                                  // 5
        var pcrs = PcrValues.Parse(evidence.RequireEndorsement(EndorsementName.Pcrs));
        RequireQuoted(quote, pcrs);                                                                                        // 6
        return new VerifiedAzure(report, runtimeData, quote, pcrs, hardware) { IsFresh = challenge.IsExpected };
    }

    /// <inheritdoc/>
    public void Judge(VerifiedEvidence evidence, PolicyEntry entry)
    {
        var (verified, accepted) = ((VerifiedAzure)evidence, (AzurePolicyEntry)entry);
        Reject.Unless(verified.Hardware.Tee == accepted.Hardware.Tee, RejectionCode.TeeNotAccepted, $"The virtual machine runs on {verified.Hardware.Tee}, and the policy accepts {accepted.Hardware.Tee}.");
        VerifierOf(verified.Hardware.Tee).Judge(verified.Hardware, accepted.Hardware);
        foreach (var (register, value) in accepted.Pcrs)
        {
            var quoted = verified.FindPcr(register);
            Reject.Unless(quoted is not null, RejectionCode.RegistersMismatch, $"The vTPM did not quote PCR {register}, about which the policy decides.", "have the server quote it.");
            Reject.Unless(quoted.Equals(value), RejectionCode.MeasurementNotAccepted, $"PCR {register} of the vTPM is not the policy's.");
        }

        if (accepted.VmConfiguration is { } configuration)
        {
            JudgeConfiguration(verified.RuntimeData, configuration);
        }

        RequireGuest(accepted.UserData is null || (verified.RuntimeData.UserData is { } userData && accepted.UserData.Equals(userData.Span)), "user-data");
        Reject.Unless(accepted.FirmwareVersions is null || accepted.FirmwareVersions.Contains(verified.Quote.FirmwareVersion.Span), RejectionCode.PlatformNotAccepted,
            "The vTPM's firmware version is not among those of the policy.");
    }

    /// <inheritdoc/>
    public void JudgeByDefault(VerifiedEvidence evidence)
    {
        var verified = (VerifiedAzure)evidence;
        VerifierOf(verified.Hardware.Tee).JudgeByDefault(verified.Hardware);
        Reject.Unless(verified.RuntimeData.SecureBoot is true, RejectionCode.GuestNotAccepted, "Secure boot is not on: whatever the disk holds has been started.");
    }

    /// <summary>Decodes the HCL report and, as far as they came along, the quote and the hardware's evidence.</summary>
    /// <exception cref="AttestationException">The 1xx or 2xx family; <see cref="RejectionCode.CollateralMissing"/>: there is no HCL report.</exception>
    public JsonObject Show(TeeEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        var report = HclReport.Parse(evidence.RequireEndorsement(EndorsementName.HclReport));
        var claims = VerifiedAzure.Show(report, AzureRuntimeData.Parse(report.RuntimeData));
        claims["runtime_data_named"] = report.NamesRuntimeData;
        if (!evidence.Data.IsEmpty)
        {
            VerifiedAzure.AddQuote(claims, TpmQuote.Parse(evidence.Data));
        }

        if (report.Hardware == TeeKind.SevSnp || evidence.FindEndorsement(EndorsementName.Quote) is not null)
        {
            claims[report.Hardware.Name] = VerifierOf(report.Hardware).Show(HardwareEvidence(report, evidence));
        }

        return claims;
    }

    private ITeeVerifier VerifierOf(TeeKind hardware) => hardware == TeeKind.SevSnp ? _snp : _tdx;

    // The report data of the hardware is the paravisor's: the guest's challenge is in the quote.
    private VerifiedEvidence VerifyHardware(HclReport report, TeeEvidence evidence, DateTimeOffset now)
    {
        try
        {
            return VerifierOf(report.Hardware).Verify(HardwareEvidence(report, evidence), EvidenceChallenge.Exactly(report.ExpectedReportData), now);
        }
        catch (AttestationException exception) when (exception.Code == RejectionCode.ReportDataMismatch)
        {
            throw new AttestationException(RejectionCode.RuntimeDataUnbound, "The hardware's report does not carry the hash of the runtime data: they were altered, or belong to another machine.",
                "stop: the key that signed the quote may be anybody's.", exception);
        }
    }

    // A TDREPORT, which is what the HCL report has of TDX, is signed by nobody: only the quote made from it counts.
    private static TeeEvidence HardwareEvidence(HclReport report, TeeEvidence evidence) => new(report.Hardware.EvidenceType,
        report.Hardware == TeeKind.SevSnp ? report.HardwareReport : evidence.RequireEndorsement(EndorsementName.Quote), evidence.Endorsements);

    private static void RequireSignature(TpmQuote quote, ReadOnlySpan<byte> signature, AzureRuntimeData runtimeData)
    {
        using var key = PublicKeyInfo.ImportRsa(runtimeData.Modulus.Span, runtimeData.Exponent.Span);
        Reject.Unless(key.VerifyData(quote.SignedBytes.Span, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), RejectionCode.SignatureInvalid,
            "The TPM quote is not signed by the key that the runtime data name.");
    }

    // Values of registers that the quote does not select are anybody's, so one bank is demanded and looked up by its own bits.
    private static void RequireQuoted(TpmQuote quote, PcrValues pcrs)
    {
        Reject.Unless(quote.Selections is [{ HashAlgorithm: TpmPcrSelection.Sha256 }], RejectionCode.RegistersMismatch,
            "The TPM quote is not of the SHA-256 bank alone.", "have the server quote that bank.");
        Reject.Unless(CryptographicOperations.FixedTimeEquals(quote.PcrDigest.Span, pcrs.DigestOf(quote.Selections[0])), RejectionCode.RegistersMismatch,
            "The register values are not those that the TPM quoted.");
    }

    private static void JudgeConfiguration(AzureRuntimeData seen, AzureVmConfiguration accepted)
    {
        RequireGuest(accepted.SecureBoot is null || seen.SecureBoot == accepted.SecureBoot, "secure-boot");
        RequireGuest(accepted.TpmEnabled is null || seen.TpmEnabled == accepted.TpmEnabled, "tpm-enabled");
        RequireGuest(accepted.TpmPersisted is null || seen.TpmPersisted == accepted.TpmPersisted, "tpm-persisted");
        RequireGuest(accepted.ConsoleEnabled is null || seen.ConsoleEnabled == accepted.ConsoleEnabled, "console-enabled");
        RequireGuest(accepted.RootCertThumbprints is null || (seen.RootCertThumbprint is { } thumbprint && accepted.RootCertThumbprints.Contains(thumbprint)), "root-cert-thumbprint");
        RequireGuest(accepted.VmUniqueIds is null || (seen.VmUniqueId is { } id && accepted.VmUniqueIds.Contains(id)), "vmUniqueId");
    }

    private static void RequireGuest(bool holds, string member) =>
        Reject.Unless(holds, RejectionCode.GuestNotAccepted, $"\"{member}\" of the virtual machine is not what the policy demands.", "'blindai attest' shows what it is.");
}
