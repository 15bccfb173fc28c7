using System.Security.Cryptography;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.SevSnp;

namespace BlindAI.Attestation.AzureVtpm;

/// <summary>What Azure's paravisor keeps in the vTPM: the hardware's report, and the runtime data whose hash that report carries. Parsed, not yet believed.</summary>
/// <remarks>Source: Microsoft, "Attestation for confidential VMs", HCL report (NV index 0x01400001); docs/attestation.md, clause 14. Little-endian, zeros behind the end.</remarks>
public sealed record HclReport
{
    /// <summary>Most bytes of a report; the vTPM's index has 2600.</summary>
    public const int MaxLength = 16 * 1024;

    /// <summary>Most bytes of the runtime data; those seen have about 1200.</summary>
    public const int MaxRuntimeDataLength = 8 * 1024;

    private const uint LastVersion = 2;
    private const uint RequestType = 2;
    private const uint RuntimeDataVersion = 1;
    private const uint SnpReportType = 2;
    private const uint TdxReportType = 4;

    /// <summary>Bytes between the request type and the hardware's report: status and reserved.</summary>
    private const int ReservedLength = 16;

    /// <summary>Bytes for the hardware's report, which a TDREPORT of 1024 does not fill.</summary>
    private const int HardwareReportLength = SnpReport.Length;

    /// <summary>Bytes of the header of the runtime data.</summary>
    private const int RuntimeHeaderLength = 20;

    private static ReadOnlySpan<byte> Magic => "HCLA"u8;

    /// <summary>The version: 1 or 2.</summary>
    public required uint Version { get; init; }

    /// <summary>The hardware below: SEV-SNP or TDX.</summary>
    public required TeeKind Hardware { get; init; }

    /// <summary>The SNP report, or the TDREPORT and zeros.</summary>
    public required ReadOnlyMemory<byte> HardwareReport { get; init; }

    /// <summary>How the runtime data are hashed into the hardware's report.</summary>
    public required HashAlgorithmName RuntimeDataHash { get; init; }

    /// <summary>The runtime data: JSON, exactly the bytes that are hashed.</summary>
    public required ReadOnlyMemory<byte> RuntimeData { get; init; }

    /// <summary>The report data that hardware must have signed to vouch for the runtime data: their hash, and zeros up to 64 bytes.</summary>
    public byte[] ExpectedReportData
    {
        get
        {
            var expected = new byte[ReportData.Length];
            _ = CryptographicOperations.HashData(RuntimeDataHash, RuntimeData.Span, expected);
            return expected;
        }
    }

    /// <summary>Whether the hardware's report in here carries the hash of the runtime data. Proves nothing alone: nobody has verified that report yet.</summary>
    public bool NamesRuntimeData => HardwareReport.Span.Slice(Hardware == TeeKind.SevSnp ? 0x050 : 128, ReportData.Length).SequenceEqual(ExpectedReportData);

    /// <summary>Reads a report.</summary>
    /// <exception cref="AttestationException">
    /// The 1xx family; <see cref="RejectionCode.VersionUnsupported"/>, <see cref="RejectionCode.TeeUnsupported"/>, <see cref="RejectionCode.AlgorithmUnsupported"/>.
    /// </exception>
    public static HclReport Parse(ReadOnlyMemory<byte> bytes)
    {
        Reject.Unless(bytes.Length <= MaxLength, RejectionCode.TooLarge, $"The HCL report has {bytes.Length} bytes; the limit is {MaxLength}.");
        var reader = new EvidenceReader(bytes.Span);
        Reject.Unless(reader.ReadBytes(Magic.Length).SequenceEqual(Magic), RejectionCode.EncodingInvalid, "This is not an HCL report.");
        var version = reader.ReadUInt32();
        Reject.Unless(version is > 0 and <= LastVersion, RejectionCode.VersionUnsupported, $"The HCL report has version {version}; 1 to {LastVersion} are known.");
        var length = reader.ReadUInt32();
        Reject.Unless(reader.ReadUInt32() == RequestType, RejectionCode.ValueInvalid, "The HCL report answers another request than one for attestation.");
        _ = reader.ReadBytes(ReservedLength);
        var hardwareReport = bytes.Slice(reader.Position, reader.ReadBytes(HardwareReportLength).Length);
        var runtimeLength = reader.ReadUInt32();
        Reject.Unless(reader.ReadUInt32() == RuntimeDataVersion, RejectionCode.VersionUnsupported, "The runtime data of the HCL report have another version than 1.");
        var hardware = ReadHardware(reader.ReadUInt32());
        var hash = ReadHash(reader.ReadUInt32());
        var dataLength = reader.ReadUInt32();
        Reject.Unless(dataLength <= MaxRuntimeDataLength, RejectionCode.TooLarge, $"The runtime data have {dataLength} bytes; the limit is {MaxRuntimeDataLength}.");
        Reject.Unless(runtimeLength == RuntimeHeaderLength + dataLength, RejectionCode.ValueInvalid, "The HCL report states two lengths of its runtime data.");
        var runtimeData = bytes.Slice(reader.Position, reader.ReadBytes((int)dataLength).Length);
        Reject.Unless(length == reader.Position, RejectionCode.ValueInvalid, "The HCL report states another length than that of its parts.");
        Reject.Unless(!bytes.Span[reader.Position..].ContainsAnyExcept((byte)0), RejectionCode.TrailingBytes, "Something other than zeros follows the HCL report.");
        return new() { Version = version, Hardware = hardware, HardwareReport = hardwareReport, RuntimeDataHash = hash, RuntimeData = runtimeData };
    }

    private static TeeKind ReadHardware(uint type) => type switch
    {
        SnpReportType => TeeKind.SevSnp,
        TdxReportType => TeeKind.Tdx,
        _ => throw new AttestationException(RejectionCode.TeeUnsupported, $"The HCL report is of hardware of type {type}; 2 (SNP) and 4 (TDX) are known."),
    };

    private static HashAlgorithmName ReadHash(uint type) => type switch
    {
        1 => HashAlgorithmName.SHA256,
        2 => HashAlgorithmName.SHA384,
        3 => HashAlgorithmName.SHA512,
        _ => throw new AttestationException(RejectionCode.AlgorithmUnsupported, $"The runtime data are hashed with algorithm {type}; 1 to 3 (SHA-256, SHA-384, SHA-512) are known."),
    };
}
