using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Tdx;

/// <summary>A trust domain's report body, 1.0 or 1.5: parsed, not yet believed.</summary>
/// <remarks>Source: Intel TDX DCAP quoting library, sgx_report2_body_t and sgx_report2_body_v1_5_t. Little-endian, 584 or 648 bytes.</remarks>
public readonly record struct TdReportBody
{
    /// <summary>Bytes of a TD report 1.0.</summary>
    public const int Length10 = 584;

    /// <summary>Bytes of a TD report 1.5.</summary>
    public const int Length15 = 648;

    private const int MeasurementLength = 48;
    private const int RegisterCount = 4;
    private const ulong DebugGroup = 0xFF;

    /// <summary>TEE_TCB_SVN, 16 bytes: the TDX module and its platform at the trust domain's launch.</summary>
    public required ReadOnlyMemory<byte> TeeTcbSvn { get; init; }

    /// <summary>MRSEAM, 48 bytes: the measurement of the TDX module.</summary>
    public required ReadOnlyMemory<byte> MrSeam { get; init; }

    /// <summary>MRSIGNERSEAM, 48 bytes: zero for Intel's modules.</summary>
    public required ReadOnlyMemory<byte> MrSignerSeam { get; init; }

    /// <summary>SEAMATTRIBUTES, 8 bytes.</summary>
    public required ReadOnlyMemory<byte> SeamAttributes { get; init; }

    /// <summary>TDATTRIBUTES, 8 bytes in the order of the report.</summary>
    public required ReadOnlyMemory<byte> TdAttributes { get; init; }

    /// <summary>XFAM, 8 bytes in the order of the report.</summary>
    public required ReadOnlyMemory<byte> Xfam { get; init; }

    /// <summary>MRTD, 48 bytes: the measurement of the virtual firmware.</summary>
    public required ReadOnlyMemory<byte> MrTd { get; init; }

    /// <summary>MRCONFIGID, 48 bytes.</summary>
    public required ReadOnlyMemory<byte> MrConfigId { get; init; }

    /// <summary>MROWNER, 48 bytes.</summary>
    public required ReadOnlyMemory<byte> MrOwner { get; init; }

    /// <summary>MROWNERCONFIG, 48 bytes.</summary>
    public required ReadOnlyMemory<byte> MrOwnerConfig { get; init; }

    /// <summary>RTMR0 to RTMR3, 48 bytes each.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Rtmrs { get; init; }

    /// <summary>REPORTDATA, 64 bytes.</summary>
    public required ReadOnlyMemory<byte> ReportData { get; init; }

    /// <summary>TEE_TCB_SVN_2, 16 bytes: the TDX module that runs now; null in TD report 1.0.</summary>
    public required ReadOnlyMemory<byte>? TeeTcbSvn2 { get; init; }

    /// <summary>MRSERVICETD, 48 bytes; null in TD report 1.0.</summary>
    public required ReadOnlyMemory<byte>? MrServiceTd { get; init; }

    /// <summary>TDATTRIBUTES as a number.</summary>
    public ulong Attributes => BitConverter.ToUInt64(TdAttributes.Span);

    /// <summary>Whether the trust domain is not trusted to keep its memory from the machine: any bit of the TUD group.</summary>
    public bool IsDebug => (Attributes & DebugGroup) != 0;

    /// <summary>Whether the trust domain may be taken to another machine (MIGRATABLE).</summary>
    public bool MayMigrate => ((Attributes >> (int)TdAttributeBit.Migratable) & 1) != 0;

    /// <summary>Whether service trust domains are bound to this one (MRSERVICETD is not zero).</summary>
    public bool HasServiceTd => MrServiceTd is { } service && service.Span.ContainsAnyExcept((byte)0);

    /// <summary>Reads a report body of one of the two lengths.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.Truncated"/>, <see cref="RejectionCode.TrailingBytes"/>.</exception>
    public static TdReportBody Parse(ReadOnlyMemory<byte> bytes)
    {
        var reader = new EvidenceReader(bytes.Span);
        var is15 = bytes.Length > Length10;
        var body = new TdReportBody
        {
            TeeTcbSvn = reader.ReadBytes(16).ToArray(),
            MrSeam = reader.ReadBytes(MeasurementLength).ToArray(),
            MrSignerSeam = reader.ReadBytes(MeasurementLength).ToArray(),
            SeamAttributes = reader.ReadBytes(8).ToArray(),
            TdAttributes = reader.ReadBytes(8).ToArray(),
            Xfam = reader.ReadBytes(8).ToArray(),
            MrTd = reader.ReadBytes(MeasurementLength).ToArray(),
            MrConfigId = reader.ReadBytes(MeasurementLength).ToArray(),
            MrOwner = reader.ReadBytes(MeasurementLength).ToArray(),
            MrOwnerConfig = reader.ReadBytes(MeasurementLength).ToArray(),
            Rtmrs = ReadRegisters(ref reader),
            ReportData = reader.ReadBytes(Evidence.ReportData.Length).ToArray(),
            TeeTcbSvn2 = is15 ? reader.ReadBytes(16).ToArray() : (ReadOnlyMemory<byte>?)null,
            MrServiceTd = is15 ? reader.ReadBytes(MeasurementLength).ToArray() : (ReadOnlyMemory<byte>?)null,
        };
        reader.ExpectEnd();
        return body;
    }

    private static ReadOnlyMemory<byte>[] ReadRegisters(ref EvidenceReader reader)
    {
        var registers = new ReadOnlyMemory<byte>[RegisterCount];
        foreach (ref var register in registers.AsSpan())
        {
            register = reader.ReadBytes(MeasurementLength).ToArray();
        }

        return registers;
    }
}
