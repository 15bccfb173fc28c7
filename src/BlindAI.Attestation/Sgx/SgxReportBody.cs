using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Sgx;

/// <summary>An SGX enclave's report body: parsed, not yet believed. A quoting enclave's report has the same form.</summary>
/// <remarks>Source: Intel SDM volume 3D, REPORT; Intel SGX DCAP quoting library, sgx_report_body_t. Little-endian, 384 bytes.</remarks>
public readonly record struct SgxReportBody
{
    /// <summary>Bytes of a report body.</summary>
    public const int Length = 384;

    private const ulong DebugFlag = 1 << 1;

    /// <summary>CPUSVN, 16 bytes: judged through the PCK certificate.</summary>
    public required ReadOnlyMemory<byte> CpuSvn { get; init; }

    /// <summary>MISCSELECT, 4 bytes in the order of the report.</summary>
    public required ReadOnlyMemory<byte> MiscSelect { get; init; }

    /// <summary>ISVEXTPRODID, 16 bytes.</summary>
    public required ReadOnlyMemory<byte> IsvExtProdId { get; init; }

    /// <summary>ATTRIBUTES, 16 bytes in the order of the report: flags, then XFRM.</summary>
    public required ReadOnlyMemory<byte> Attributes { get; init; }

    /// <summary>MRENCLAVE, 32 bytes: the measurement of the enclave.</summary>
    public required ReadOnlyMemory<byte> MrEnclave { get; init; }

    /// <summary>MRSIGNER, 32 bytes: SHA-256 of the key that signed the enclave.</summary>
    public required ReadOnlyMemory<byte> MrSigner { get; init; }

    /// <summary>CONFIGID, 64 bytes.</summary>
    public required ReadOnlyMemory<byte> ConfigId { get; init; }

    /// <summary>ISVPRODID.</summary>
    public required ushort IsvProdId { get; init; }

    /// <summary>ISVSVN.</summary>
    public required ushort IsvSvn { get; init; }

    /// <summary>CONFIGSVN.</summary>
    public required ushort ConfigSvn { get; init; }

    /// <summary>ISVFAMILYID, 16 bytes.</summary>
    public required ReadOnlyMemory<byte> IsvFamilyId { get; init; }

    /// <summary>REPORTDATA, 64 bytes.</summary>
    public required ReadOnlyMemory<byte> ReportData { get; init; }

    /// <summary>ATTRIBUTES.flags as a number.</summary>
    public ulong Flags => BitConverter.ToUInt64(Attributes.Span);

    /// <summary>ATTRIBUTES.XFRM, 8 bytes in the order of the report.</summary>
    public ReadOnlyMemory<byte> Xfrm => Attributes[8..];

    /// <summary>Whether the machine may read the enclave's memory (DEBUG).</summary>
    public bool IsDebug => (Flags & DebugFlag) != 0;

    /// <summary>Reads a report body.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.Truncated"/>, <see cref="RejectionCode.TrailingBytes"/>.</exception>
    public static SgxReportBody Parse(ReadOnlyMemory<byte> bytes)
    {
        var reader = new EvidenceReader(bytes.Span);
        var cpuSvn = reader.ReadBytes(16).ToArray();
        var miscSelect = reader.ReadBytes(4).ToArray();
        _ = reader.ReadBytes(12);
        var isvExtProdId = reader.ReadBytes(16).ToArray();
        var attributes = reader.ReadBytes(16).ToArray();
        var mrEnclave = reader.ReadBytes(32).ToArray();
        _ = reader.ReadBytes(32);
        var mrSigner = reader.ReadBytes(32).ToArray();
        _ = reader.ReadBytes(32);
        var configId = reader.ReadBytes(64).ToArray();
        var (isvProdId, isvSvn, configSvn) = (reader.ReadUInt16(), reader.ReadUInt16(), reader.ReadUInt16());
        _ = reader.ReadBytes(42);   // reserved bytes are signed like all others and mean nothing yet: new processors may use them
        var isvFamilyId = reader.ReadBytes(16).ToArray();
        var reportData = reader.ReadBytes(64).ToArray();
        reader.ExpectEnd();
        return new()
        {
            CpuSvn = cpuSvn,
            MiscSelect = miscSelect,
            IsvExtProdId = isvExtProdId,
            Attributes = attributes,
            MrEnclave = mrEnclave,
            MrSigner = mrSigner,
            ConfigId = configId,
            IsvProdId = isvProdId,
            IsvSvn = isvSvn,
            ConfigSvn = configSvn,
            IsvFamilyId = isvFamilyId,
            ReportData = reportData,
        };
    }
}
