using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Sgx;
using BlindAI.Attestation.Tdx;

namespace BlindAI.Attestation.Dcap;

/// <summary>An Intel quote, version 3, 4 or 5: parsed, not yet believed.</summary>
/// <remarks>
/// Source: Intel SGX DCAP quoting library, sgx_quote_3.h, sgx_quote_4.h and sgx_quote_5.h; docs/attestation.md, clause 9. Little-endian, but for keys and
/// signatures, which are big-endian.
/// </remarks>
public sealed class DcapQuote
{
    /// <summary>Most bytes of a quote with whatever follows it.</summary>
    public const int MaxLength = 64 * 1024;

    private const int HeaderLength = 48;
    private const int SignatureLength = 64;
    private const int KeyLength = 64;
    private const ushort EcdsaP256 = 2;
    private const uint SgxTeeType = 0;
    private const uint TdxTeeType = 0x81;
    private const int MaxAuthenticationData = 1024;

    /// <summary>The version of the format: 3, 4 or 5.</summary>
    public required ushort Version { get; init; }

    /// <summary>0 for SGX, 0x81 for TDX.</summary>
    public required uint TeeType { get; init; }

    /// <summary>The header's QE SVN; informative.</summary>
    public required ushort QeSvn { get; init; }

    /// <summary>The header's PCE SVN; informative.</summary>
    public required ushort PceSvn { get; init; }

    /// <summary>The maker of the quoting enclave, 16 bytes.</summary>
    public required ReadOnlyMemory<byte> QeVendorId { get; init; }

    /// <summary>What the body is.</summary>
    public required QuoteBodyKind BodyKind { get; init; }

    /// <summary>The body's bytes.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>What the attestation key signed: header and body.</summary>
    public required ReadOnlyMemory<byte> SignedBytes { get; init; }

    /// <summary>The signature by the attestation key: r ‖ s, 64 bytes.</summary>
    public required ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>The attestation key: X ‖ Y, 64 bytes.</summary>
    public required ReadOnlyMemory<byte> AttestationKey { get; init; }

    /// <summary>The quoting enclave's report, as signed by the PCK.</summary>
    public required ReadOnlyMemory<byte> QeReportBytes { get; init; }

    /// <summary>The same, parsed.</summary>
    public required SgxReportBody QeReport { get; init; }

    /// <summary>The signature by the PCK: r ‖ s, 64 bytes.</summary>
    public required ReadOnlyMemory<byte> QeReportSignature { get; init; }

    /// <summary>What the quoting enclave bound beside the attestation key.</summary>
    public required ReadOnlyMemory<byte> QeAuthenticationData { get; init; }

    /// <summary>How the PCK certificate is named; 5 is "here is its chain".</summary>
    public required ushort CertificationDataType { get; init; }

    /// <summary>The certification data: for type 5 the chain in PEM, leaf first.</summary>
    public required ReadOnlyMemory<byte> CertificationData { get; init; }

    /// <summary>Bytes after the quote: platforms hand out padded buffers. They are not signed and never read.</summary>
    public required int TrailingLength { get; init; }

    /// <summary>The certification data type of a PCK chain in PEM.</summary>
    internal const ushort PckChainType = 5;

    private const ushort QeReportType = 6;

    /// <summary>Reads a quote.</summary>
    /// <exception cref="AttestationException">The 1xx family, <see cref="RejectionCode.VersionUnsupported"/>, <see cref="RejectionCode.AlgorithmUnsupported"/>.</exception>
    public static DcapQuote Parse(ReadOnlyMemory<byte> bytes)
    {
        Reject.Unless(bytes.Length <= MaxLength, RejectionCode.TooLarge, $"The quote has {bytes.Length} bytes; the limit is {MaxLength}.");
        var reader = new EvidenceReader(bytes.Span);
        var version = reader.ReadUInt16();
        Reject.Unless(version is 3 or 4 or 5, RejectionCode.VersionUnsupported, $"The quote has version {version}; this version reads 3, 4 and 5.");
        Reject.Unless(reader.ReadUInt16() == EcdsaP256, RejectionCode.AlgorithmUnsupported, "The quote's attestation key is not of ECDSA P-256.");
        var teeType = reader.ReadUInt32();
        Reject.Unless(teeType == SgxTeeType || (teeType == TdxTeeType && version > 3), RejectionCode.ValueInvalid, $"The quote of version {version} has the TEE type {teeType}.");
        var (qeSvn, pceSvn) = (reader.ReadUInt16(), reader.ReadUInt16());
        var vendor = Take(bytes, ref reader, 16);
        _ = reader.ReadBytes(HeaderLength - reader.Position);
        var kind = ReadBodyKind(ref reader, version, teeType);
        var body = Take(bytes, ref reader, LengthOf(kind));
        var signed = bytes[..reader.Position];

        var signatureData = Take(bytes, ref reader, ReadLength(ref reader));
        var trailing = bytes.Length - reader.Position;
        var inner = new EvidenceReader(signatureData.Span);
        var signature = Take(signatureData, ref inner, SignatureLength);
        var key = Take(signatureData, ref inner, KeyLength);
        if (version > 3)
        {
            // The same fields as in version 3, wrapped: their size must fill the signature data.
            Reject.Unless(inner.ReadUInt16() == QeReportType, RejectionCode.ValueInvalid, "The quote's certification data are not those of a quoting enclave.");
            Reject.Unless(ReadLength(ref inner) == signatureData.Length - inner.Position, RejectionCode.ValueInvalid, "The certification data do not fill the signature data.");
        }

        var qeReport = Take(signatureData, ref inner, SgxReportBody.Length);
        var qeSignature = Take(signatureData, ref inner, SignatureLength);
        var authLength = inner.ReadUInt16();
        Reject.Unless(authLength <= MaxAuthenticationData, RejectionCode.TooLarge, $"The QE authentication data have {authLength} bytes; the limit is {MaxAuthenticationData}.");
        var auth = Take(signatureData, ref inner, authLength);
        var type = inner.ReadUInt16();
        var certification = Take(signatureData, ref inner, ReadLength(ref inner));
        inner.ExpectEnd();
        return new()
        {
            Version = version,
            TeeType = teeType,
            QeSvn = qeSvn,
            PceSvn = pceSvn,
            QeVendorId = vendor,
            BodyKind = kind,
            Body = body,
            SignedBytes = signed,
            Signature = signature,
            AttestationKey = key,
            QeReportBytes = qeReport,
            QeReport = SgxReportBody.Parse(qeReport),
            QeReportSignature = qeSignature,
            QeAuthenticationData = auth,
            CertificationDataType = type,
            CertificationData = certification,
            TrailingLength = trailing,
        };
    }

    private static QuoteBodyKind ReadBodyKind(ref EvidenceReader reader, ushort version, uint teeType)
    {
        if (version < 5)
        {
            return teeType == SgxTeeType ? QuoteBodyKind.Sgx : QuoteBodyKind.Td10;
        }

        var kind = (QuoteBodyKind)reader.ReadUInt16();
        Reject.Unless(Enum.IsDefined(kind), RejectionCode.VersionUnsupported, $"The quote's body has the type {(int)kind}, which this version does not know.");
        Reject.Unless(kind is QuoteBodyKind.Sgx == (teeType == SgxTeeType), RejectionCode.ValueInvalid, "The quote's body is of another TEE than its header.");
        Reject.Unless(ReadLength(ref reader) == LengthOf(kind), RejectionCode.ValueInvalid, "The quote's body has another length than its type.");
        return kind;
    }

    private static int LengthOf(QuoteBodyKind kind) => kind switch
    {
        QuoteBodyKind.Sgx => SgxReportBody.Length,
        QuoteBodyKind.Td10 => TdReportBody.Length10,
        _ => TdReportBody.Length15,
    };

    private static int ReadLength(ref EvidenceReader reader)
    {
        var length = reader.ReadUInt32();
        Reject.Unless(length <= MaxLength, RejectionCode.TooLarge, $"A part of the quote says that it has {length} bytes; the limit is {MaxLength}.");
        return (int)length;
    }

    private static ReadOnlyMemory<byte> Take(ReadOnlyMemory<byte> bytes, ref EvidenceReader reader, int length)
    {
        var start = reader.Position;
        _ = reader.ReadBytes(length);
        return bytes.Slice(start, length);
    }
}
