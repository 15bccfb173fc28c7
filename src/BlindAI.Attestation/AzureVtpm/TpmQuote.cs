using System.Buffers.Binary;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.AzureVtpm;

/// <summary>What a TPM signs when it quotes its registers: parsed, not yet believed.</summary>
/// <remarks>
/// Source: TCG TPM 2.0 Library, Part 2, TPMS_ATTEST with TPMS_QUOTE_INFO; docs/attestation.md, clause 14. Big-endian. Magic and type must be those of a quote:
/// a TPM signs other structures with the same key.
/// </remarks>
public sealed record TpmQuote
{
    /// <summary>TPM_GENERATED_VALUE: only the TPM itself signs structures that begin so.</summary>
    private const uint Magic = 0xFF544347;

    /// <summary>TPM_ST_ATTEST_QUOTE.</summary>
    private const ushort QuoteType = 0x8018;

    /// <summary>TPM2B_NAME: an algorithm and its largest digest.</summary>
    private const int MaxNameLength = 66;

    /// <summary>TPM2B_DATA and TPM2B_DIGEST: the largest digest.</summary>
    private const int MaxDigestLength = 64;

    /// <summary>TPMS_CLOCK_INFO: clock 8, resetCount 4, restartCount 4, safe 1.</summary>
    private const int ClockInfoLength = 17;

    /// <summary>TPML_PCR_SELECTION: as many banks as the specification has hashes.</summary>
    private const int MaxSelections = 16;

    /// <summary>PCR_SELECT_MAX of the library; a PC has 3.</summary>
    private const int MaxBitmapLength = 4;

    /// <summary>extraData, up to 64 bytes: what the challenger sent.</summary>
    public required ReadOnlyMemory<byte> ExtraData { get; init; }

    /// <summary>firmwareVersion, 8 bytes as encoded.</summary>
    public required ReadOnlyMemory<byte> FirmwareVersion { get; init; }

    /// <summary>The registers that were quoted, bank by bank.</summary>
    public required IReadOnlyList<TpmPcrSelection> Selections { get; init; }

    /// <summary>The digest of their values.</summary>
    public required ReadOnlyMemory<byte> PcrDigest { get; init; }

    /// <summary>The bytes that are signed: all of them.</summary>
    public required ReadOnlyMemory<byte> SignedBytes { get; init; }

    /// <summary>Reads a quote.</summary>
    /// <exception cref="AttestationException">The 1xx family.</exception>
    public static TpmQuote Parse(ReadOnlyMemory<byte> bytes)
    {
        var reader = new EvidenceReader(bytes.Span);
        Reject.Unless(BinaryPrimitives.ReadUInt32BigEndian(reader.ReadBytes(sizeof(uint))) == Magic, RejectionCode.EncodingInvalid, "This is not a structure that a TPM made.");
        var type = BinaryPrimitives.ReadUInt16BigEndian(reader.ReadBytes(sizeof(ushort)));
        Reject.Unless(type == QuoteType, RejectionCode.ValueInvalid, $"The TPM signed a structure of type 0x{type:x4}, and that is no quote.");
        _ = ReadSized(ref reader, "qualifiedSigner", MaxNameLength);
        var extraData = ReadSized(ref reader, "extraData", MaxDigestLength);
        _ = reader.ReadBytes(ClockInfoLength);
        var firmwareVersion = reader.ReadBytes(sizeof(ulong)).ToArray();
        var selections = ReadSelections(ref reader);
        var digest = ReadSized(ref reader, "pcrDigest", MaxDigestLength);
        reader.ExpectEnd();
        return new() { ExtraData = extraData, FirmwareVersion = firmwareVersion, Selections = selections, PcrDigest = digest, SignedBytes = bytes };
    }

    private static TpmPcrSelection[] ReadSelections(ref EvidenceReader reader)
    {
        var count = BinaryPrimitives.ReadUInt32BigEndian(reader.ReadBytes(sizeof(uint)));
        Reject.Unless(count <= MaxSelections, RejectionCode.TooLarge, $"The TPM quote selects from {count} banks; the limit is {MaxSelections}.");
        var selections = new TpmPcrSelection[count];
        for (var index = 0; index < count; index++)
        {
            var algorithm = BinaryPrimitives.ReadUInt16BigEndian(reader.ReadBytes(sizeof(ushort)));
            var length = reader.ReadBytes(1)[0];
            Reject.Unless(length <= MaxBitmapLength, RejectionCode.TooLarge, $"A selection of the TPM quote has {length} bytes; the limit is {MaxBitmapLength}.");
            selections[index] = new() { HashAlgorithm = algorithm, Bitmap = reader.ReadBytes(length).ToArray() };
        }

        return selections;
    }

    private static byte[] ReadSized(ref EvidenceReader reader, string field, int most)
    {
        var length = BinaryPrimitives.ReadUInt16BigEndian(reader.ReadBytes(sizeof(ushort)));
        Reject.Unless(length <= most, RejectionCode.TooLarge, $"{field} of the TPM quote has {length} bytes; the limit is {most}.");
        return reader.ReadBytes(length).ToArray();
    }
}
