using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.AzureVtpm;

/// <summary>A confidential VM of Azure: registers that its vTPM quoted, under a key for which hardware vouches.</summary>
public sealed class VerifiedAzure : VerifiedEvidence
{
    private readonly HclReport _report;
    private readonly PcrValues _pcrs;

    internal VerifiedAzure(HclReport report, AzureRuntimeData runtimeData, TpmQuote quote, PcrValues pcrs, VerifiedEvidence hardware)
        : base(TeeKind.AzureVtpm)
    {
        _report = report;
        _pcrs = pcrs;
        RuntimeData = runtimeData;
        Quote = quote;
        Hardware = hardware;
        ValidUntil = hardware.ValidUntil;
    }

    /// <summary>What the paravisor says about the virtual machine.</summary>
    public AzureRuntimeData RuntimeData { get; }

    /// <summary>What the vTPM signed.</summary>
    public TpmQuote Quote { get; }

    /// <summary>The proved report of the hardware below. It measures the paravisor, not the guest.</summary>
    public VerifiedEvidence Hardware { get; }

    /// <inheritdoc/>
    public override MachineIdentity Machine => Hardware.Machine;

    /// <summary>The value of a register; null for one that was not quoted, of which nothing is proved.</summary>
    public HexValue? FindPcr(int register) => Quote.Selections[0].Selects(register) ? _pcrs[register] : null;

    /// <inheritdoc/>
    public override JsonObject ToJson()
    {
        var claims = Show(_report, RuntimeData);
        AddQuote(claims, Quote);
        var hardware = Hardware.ToClaims();
        claims["hardware_details"] = new JsonObject(Hardware.ToJson().Where(claim => !hardware.ContainsKey(claim.Key)).Select(claim => KeyValuePair.Create(claim.Key, claim.Value?.DeepClone())));
        claims[Hardware.Tee.Name] = hardware;
        return claims;
    }

    internal static JsonObject Show(HclReport report, AzureRuntimeData runtimeData)
    {
        var claims = new JsonObject
        {
            ["hcl_version"] = report.Version,
            ["hcl_report_type"] = report.Hardware.Name,
            ["hcl_var_data_hash"] = report.RuntimeDataHash.Name!.ToLowerInvariant(),
        };
        runtimeData.AddTo(claims);
        return claims;
    }

    internal static void AddQuote(JsonObject claims, TpmQuote quote)
    {
        claims["tpm_nonce"] = Convert.ToHexStringLower(quote.ExtraData.Span);
        claims["tpm_pcr_selection"] = new JsonArray([.. quote.Selections.Select(selection => new JsonArray(
            selection.HashAlgorithm == TpmPcrSelection.Sha256 ? "sha256" : $"0x{selection.HashAlgorithm:x4}", Convert.ToHexStringLower(selection.Bitmap.Span)))]);
        claims["pcr_digest"] = Convert.ToHexStringLower(quote.PcrDigest.Span);
        claims["firmware_version"] = Convert.ToHexStringLower(quote.FirmwareVersion.Span);
    }
}
