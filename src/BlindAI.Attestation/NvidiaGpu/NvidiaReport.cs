using System.Text;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.NvidiaGpu;

/// <summary>An SPDM request for measurements and a GPU's or switch's answer to it: parsed, not yet believed.</summary>
/// <remarks>Source: DMTF DSP0274 (SPDM 1.1) sections GET_MEASUREMENTS and MEASUREMENTS; NVIDIA's opaque data as its attestation SDK reads them. Little-endian.</remarks>
public sealed record NvidiaReport
{
    /// <summary>Most bytes of a report; a GPU's has about four thousand.</summary>
    public const int MaxLength = 32 * 1024;

    /// <summary>Bytes of a measurement: SHA-384.</summary>
    public const int MeasurementLength = 48;

    private const byte SpdmVersion = 0x11;
    private const byte GetMeasurements = 0xE0;
    private const byte Measurements = 0x60;
    private const byte SignatureRequested = 0x01;
    private const byte AllMeasurements = 0xFF;
    private const byte DmtfSpecification = 1;
    private const int NonceLength = 32;
    private const int SignatureLength = 96;

    // Value type 1, value size 2.
    private const int MeasurementHeaderLength = 3;

    private const byte On = 0xAA;
    private const byte Off = 0x55;

    private const int RawVbiosLength = 8;

    /// <summary>The nonce of whoever asked.</summary>
    public required ReadOnlyMemory<byte> Nonce { get; init; }

    /// <summary>The device's own random number.</summary>
    public required ReadOnlyMemory<byte> ResponderNonce { get; init; }

    /// <summary>The measurements by index, from 1.</summary>
    public required IReadOnlyDictionary<int, ReadOnlyMemory<byte>> Blocks { get; init; }

    /// <summary>NVIDIA's fields by type. Types that nobody names are data, not errors.</summary>
    public required IReadOnlyDictionary<int, ReadOnlyMemory<byte>> Opaque { get; init; }

    /// <summary>The bytes that are signed.</summary>
    public required ReadOnlyMemory<byte> SignedBytes { get; init; }

    /// <summary>The signature: r and s, 48 bytes each.</summary>
    public required ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>The driver; null when not there, as on switches.</summary>
    public string? DriverVersion => FindText(OpaqueType.DriverVersion);

    /// <summary>The VBIOS; null when not there. GPUs give bytes, switches a text.</summary>
    public string? VbiosVersion => Opaque.TryGetValue(OpaqueType.VbiosVersion, out var raw) && raw.Length == RawVbiosLength
        ? FormatVbios(raw.Span)
        : FindText(OpaqueType.VbiosVersion);

    /// <summary>The chip SKU; null when not there.</summary>
    public string? ChipSku => FindText(OpaqueType.ChipSku);

    /// <summary>The project; null when not there.</summary>
    public string? Project => FindText(OpaqueType.Project);

    /// <summary>The project SKU; null when not there.</summary>
    public string? ProjectSku => FindText(OpaqueType.ProjectSku);

    /// <summary>The board id; empty when not there.</summary>
    public ReadOnlyMemory<byte> BoardId => Find(OpaqueType.BoardId);

    /// <summary>The firmware identity; empty when not there.</summary>
    public ReadOnlyMemory<byte> FwId => Find(OpaqueType.FwId);

    /// <summary>Whether the video decoder NVDEC0 is on; null when the report does not say.</summary>
    public bool? IsNvdec0Enabled => FindSwitch(OpaqueType.Nvdec0Status);

    /// <summary>Whether GPUs are joined under protected PCIe; null when the report does not say.</summary>
    public bool? IsProtectedPcie => FindSwitch(OpaqueType.ProtectedPcieStatus);

    /// <summary>Reads a report.</summary>
    /// <exception cref="AttestationException">The 1xx family, or <see cref="RejectionCode.VersionUnsupported"/>.</exception>
    public static NvidiaReport Parse(ReadOnlyMemory<byte> bytes)
    {
        Reject.Unless(bytes.Length <= MaxLength, RejectionCode.TooLarge, $"The GPU report has {bytes.Length} bytes; the limit is {MaxLength}.");
        var reader = new EvidenceReader(bytes.Span);
        ExpectHeader(ref reader, GetMeasurements, "request");
        Reject.Unless(reader.ReadBytes(2) is [SignatureRequested, AllMeasurements], RejectionCode.ValueInvalid, "The GPU was not asked for all measurements with a signature.");
        var nonce = Take(ref reader, bytes, NonceLength);
        _ = reader.ReadBytes(1);                                                     // slot
        ExpectHeader(ref reader, Measurements, "answer");
        _ = reader.ReadBytes(2);                                                     // param1, param2
        var count = reader.ReadBytes(1)[0];
        var recordLength = reader.ReadUInt16() | (reader.ReadBytes(1)[0] << 16);
        var blocks = ReadBlocks(Take(ref reader, bytes, recordLength), count);
        var responderNonce = Take(ref reader, bytes, NonceLength);
        var opaque = ReadOpaque(Take(ref reader, bytes, reader.ReadUInt16()));
        var signed = bytes[..reader.Position];
        var signature = Take(ref reader, bytes, SignatureLength);
        reader.ExpectEnd();
        var report = new NvidiaReport
        {
            Nonce = nonce,
            ResponderNonce = responderNonce,
            Blocks = blocks,
            Opaque = opaque,
            SignedBytes = signed,
            Signature = signature,
        };
        report.RequireTexts();
        return report;
    }

    private static void ExpectHeader(ref EvidenceReader reader, byte code, string what)
    {
        Reject.Unless(reader.ReadBytes(1)[0] == SpdmVersion, RejectionCode.VersionUnsupported, $"The GPU report's {what} has another SPDM version than 1.1.");
        Reject.Unless(reader.ReadBytes(1)[0] == code, RejectionCode.EncodingInvalid, $"The GPU report's {what} is not about measurements.");
    }

    private static ReadOnlyMemory<byte> Take(ref EvidenceReader reader, ReadOnlyMemory<byte> bytes, int count)
    {
        var start = reader.Position;
        _ = reader.ReadBytes(count);
        return bytes.Slice(start, count);
    }

    private static Dictionary<int, ReadOnlyMemory<byte>> ReadBlocks(ReadOnlyMemory<byte> record, int count)
    {
        var blocks = new Dictionary<int, ReadOnlyMemory<byte>>(count);
        var reader = new EvidenceReader(record.Span);
        for (var number = 0; number < count; number++)
        {
            var index = reader.ReadBytes(1)[0];
            var specification = reader.ReadBytes(1)[0];
            var size = reader.ReadUInt16();
            _ = reader.ReadBytes(1);                                                 // value type
            var valueSize = reader.ReadUInt16();
            Reject.Unless(specification == DmtfSpecification && valueSize == MeasurementLength && size == MeasurementHeaderLength + valueSize, RejectionCode.ValueInvalid,
                $"Measurement {index} of the GPU report is not a DMTF measurement of {MeasurementLength} bytes.");
            Reject.Unless(blocks.TryAdd(index, Take(ref reader, record, valueSize)), RejectionCode.MemberDuplicate, $"The GPU report has measurement {index} twice.");
        }

        reader.ExpectEnd();
        return blocks;
    }

    private static Dictionary<int, ReadOnlyMemory<byte>> ReadOpaque(ReadOnlyMemory<byte> data)
    {
        var fields = new Dictionary<int, ReadOnlyMemory<byte>>();
        var reader = new EvidenceReader(data.Span);
        while (reader.Position < data.Length)
        {
            var type = reader.ReadUInt16();
            Reject.Unless(fields.TryAdd(type, Take(ref reader, data, reader.ReadUInt16())), RejectionCode.MemberDuplicate, $"The GPU report has the opaque field {type} twice.");
        }

        return fields;
    }

    // What is shown and compared as text must be text.
    private void RequireTexts()
    {
        foreach (var type in OpaqueType.Texts)
        {
            var text = Find(type).Span.TrimEnd((byte)0);
            Reject.Unless((type == OpaqueType.VbiosVersion && Find(type).Length == RawVbiosLength) || !text.ContainsAnyExceptInRange((byte)' ', (byte)'~'),
                RejectionCode.ValueInvalid, $"The opaque field {type} of the GPU report is not a text.");
        }
    }

    private ReadOnlyMemory<byte> Find(int type) => Opaque.GetValueOrDefault(type);

    private string? FindText(int type) => Opaque.TryGetValue(type, out var value) ? Encoding.ASCII.GetString(value.Span.TrimEnd((byte)0)) : null;

    private bool? FindSwitch(int type) => Find(type).Span switch { [On] => true, [Off] => false, _ => null };

    // As NVIDIA writes it: 00 9F 00 96 01 is 96.00.9F.00.01.
    private static string FormatVbios(ReadOnlySpan<byte> raw) => $"{raw[3]:X2}.{raw[2]:X2}.{raw[1]:X2}.{raw[0]:X2}.{raw[4]:X2}";

    /// <summary>The types of NVIDIA's opaque data that are read.</summary>
    internal static class OpaqueType
    {
        public const int DriverVersion = 3;
        public const int VbiosVersion = 6;
        public const int Nvdec0Status = 11;
        public const int BoardId = 14;
        public const int ChipSku = 15;
        public const int Project = 17;
        public const int ProjectSku = 18;
        public const int FwId = 20;
        public const int ProtectedPcieStatus = 21;

        public static ReadOnlySpan<int> Texts => [DriverVersion, VbiosVersion, ChipSku, Project, ProjectSku];
    }
}
