using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.AzureVtpm;

/// <summary>Has the virtual TPM of an Azure confidential VM quote, and carries the hardware report that vouches for the TPM's key.</summary>
/// <remarks>
/// Source: docs/attestation.md, clauses 17.7 and 17.8. The hardware's report data belong to the paravisor; ours go into the quote as SHA-256, since TPM2B_DATA is
/// no longer than a digest. Never run on Azure.
/// </remarks>
public sealed class AzureAttester : HardwareAttester
{
    /// <summary>The kernel's device.</summary>
    public const string DefaultDevice = TpmDevice.DefaultDevice;

    /// <summary>The index of the HCL report.</summary>
    internal const uint HclReportIndex = 0x01400001;

    /// <summary>The handle of the attestation key.</summary>
    internal const uint AttestationKey = 0x81000003;

    // Inside the HCL report: the hardware's report, of which a TDREPORT is the first 1024 bytes, and its type.
    private const int HardwareReportAt = 32;
    private const int TdReportLength = 1024;
    private const int ReportTypeAt = 1224;
    private const uint SnpReportType = 2;
    private const uint TdReportType = 4;

    private readonly Func<TpmDevice> _open;

    private readonly AzureImds _imds;

    // What the host says about one hardware report. It limits how often it is asked, and says the same each time.
    private (byte[] Report, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Endorsements)? _known;

    /// <summary>Takes the TPM and the machine's metadata service.</summary>
    public AzureAttester(string device = DefaultDevice)
        : this(device, () => TpmDevice.Open(device), new AzureImds())
    {
    }

    internal AzureAttester(string device, Func<TpmDevice> open, AzureImds imds)
        : base(TeeKind.AzureVtpm, device) => (_open, _imds) = (open, imds);

    /// <summary>Whether a TPM is that of an Azure confidential VM: it holds an HCL report.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>: the TPM cannot be asked.</exception>
    public static async ValueTask<bool> HasHclReportAsync(string device, CancellationToken cancellationToken)
    {
        try
        {
            using var tpm = TpmDevice.Open(device);
            return await tpm.ReadNvAsync(HclReportIndex, cancellationToken).ConfigureAwait(false) is not null;
        }
        catch (Exception exception) when (DeviceFault.IsFault(exception))
        {
            throw DeviceFault.Explain(device, exception);
        }
    }

    private protected override async ValueTask<TeeEvidence> MakeAsync(ReportData reportData, Nonce? nonce, CancellationToken cancellationToken)
    {
        using var tpm = _open();
        var report = await tpm.ReadNvAsync(HclReportIndex, cancellationToken).ConfigureAwait(false)
            ?? throw DeviceFault.Unavailable($"{Device} holds no HCL report: this is no Azure confidential VM.");
        var quote = await tpm.QuoteAsync(AttestationKey, SHA256.HashData(reportData.Bytes), cancellationToken).ConfigureAwait(false);
        var endorsements = new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>>(StringComparer.Ordinal)
        {
            [EndorsementName.HclReport] = [report],
            [EndorsementName.TpmQuoteSignature] = [quote.Signature],
            [EndorsementName.Pcrs] = [Encoding.ASCII.GetBytes($"[{string.Join(',', quote.Registers.Select(register => $"\"{Convert.ToHexStringLower(register)}\""))}]")],
        };
        foreach (var (name, value) in await FetchHardwareAsync(report, cancellationToken).ConfigureAwait(false))
        {
            endorsements.Add(name, [value]);
        }

        return new(Tee.EvidenceType, quote.Message, endorsements);
    }

    private async ValueTask<IReadOnlyDictionary<string, ReadOnlyMemory<byte>>> FetchHardwareAsync(byte[] report, CancellationToken cancellationToken)
    {
        if (_known is { } known && known.Report.AsSpan().SequenceEqual(report))
        {
            return known.Endorsements;
        }

        Reject.Unless(report.Length >= ReportTypeAt + sizeof(uint), RejectionCode.EvidenceUnavailable, $"The HCL report has only {report.Length} bytes.");
        var endorsements = BinaryPrimitives.ReadUInt32LittleEndian(report.AsSpan(ReportTypeAt)) switch
        {
            SnpReportType => await _imds.FetchCertificatesAsync(cancellationToken).ConfigureAwait(false),
            TdReportType => new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal)
            {
                [EndorsementName.Quote] = await _imds.FetchQuoteAsync(report.AsMemory(HardwareReportAt, TdReportLength), cancellationToken).ConfigureAwait(false),
            },
            var type => throw DeviceFault.Unavailable($"The HCL report is of the type {type}, which this version does not know."),
        };
        _known = (report, endorsements);
        return endorsements;
    }
}
