using System.Buffers.Binary;
using BlindAI.Attestation;

namespace BlindAI.Cli.Captured;

/// <summary>Which TEE bare evidence is of, where its first bytes leave no doubt.</summary>
/// <remarks>A convenience that decides nothing: the verifier of the TEE that was guessed reads every byte again. Source of the marks: docs/attestation.md, clauses 5 and 9 to 15.</remarks>
internal static class EvidenceGuess
{
    private const int QuoteHeaderLength = 48;
    private const int QuoteVendorOffset = 12;
    private const uint TdxTeeType = 0x81;
    private const int SnpReportLength = 1184;
    private const int SnpAlgorithmOffset = 0x34;
    private const int SpdmRequestLength = 37;
    private const ulong CcaTag = 399;

    /// <summary>Intel's vendor id of the quoting enclave, in every SGX and TDX quote.</summary>
    private static ReadOnlySpan<byte> IntelQuotingEnclave => [0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07];

    /// <summary>A COSE_Sign1 of ES384: an array of four whose protected header is the map {1: -35}.</summary>
    private static ReadOnlySpan<byte> CoseSign1 => [0x84, 0x44, 0xa1, 0x01, 0x38, 0x22];

    /// <summary>The same behind CBOR tag 18.</summary>
    private static ReadOnlySpan<byte> TaggedCoseSign1 => [0xd2, 0x84, 0x44, 0xa1, 0x01, 0x38, 0x22];

    /// <summary>TPM_GENERATED_VALUE and TPM_ST_ATTEST_QUOTE.</summary>
    private static ReadOnlySpan<byte> TpmQuote => [0xff, 0x54, 0x43, 0x47, 0x80, 0x18];

    /// <summary>SPDM 1.1, GET_MEASUREMENTS.</summary>
    private static ReadOnlySpan<byte> SpdmRequest => [0x11, 0xe0];

    /// <summary>The TEE; null when the bytes may be of several or of none.</summary>
    public static TeeKind? Of(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith("BLINDAI-SIMULATE"u8) ? TeeKind.Simulation
        : bytes.StartsWith(CoseSign1) || bytes.StartsWith(TaggedCoseSign1) ? TeeKind.Nitro
        : bytes.StartsWith(TpmQuote) ? TeeKind.AzureVtpm
        : bytes.Length > SpdmRequestLength && bytes.StartsWith(SpdmRequest) ? TeeKind.NvidiaGpu
        : IsCcaToken(bytes) ? TeeKind.ArmCca
        : OfQuote(bytes) ?? (IsSnpReport(bytes) ? TeeKind.SevSnp : null);

    /// <summary>Whether it may be an evidence object in CBOR: a map whose first key is <c>v</c> with the value 1.</summary>
    public static bool IsEvidenceObjectCbor(ReadOnlySpan<byte> bytes) => bytes is [>= 0xa3 and <= 0xb7, 0x61, (byte)'v', 0x01, ..];

    /// <summary>Whether it may be a JSON object.</summary>
    public static bool IsJson(ReadOnlySpan<byte> bytes) => bytes.TrimStart(" \t\r\n"u8) is [(byte)'{', ..];

    private static TeeKind? OfQuote(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < QuoteHeaderLength || !bytes[QuoteVendorOffset..].StartsWith(IntelQuotingEnclave) || BinaryPrimitives.ReadUInt16LittleEndian(bytes) is < 3 or > 5)
        {
            return null;
        }

        return BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) switch
        {
            0 => TeeKind.Sgx,
            TdxTeeType => TeeKind.Tdx,
            _ => null,
        };
    }

    private static bool IsSnpReport(ReadOnlySpan<byte> bytes) =>
        bytes.Length == SnpReportLength && BinaryPrimitives.ReadUInt32LittleEndian(bytes) is >= 2 and <= 5 && BinaryPrimitives.ReadUInt32LittleEndian(bytes[SnpAlgorithmOffset..]) == 1;

    private static bool IsCcaToken(ReadOnlySpan<byte> bytes) =>
        bytes is [0xd9, _, _, ..] && BinaryPrimitives.ReadUInt16BigEndian(bytes[1..]) == CcaTag;
}
