using System.Formats.Cbor;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.Nitro;

/// <summary>An attestation document of a Nitro enclave: parsed, not yet believed.</summary>
/// <remarks>
/// Source: AWS Nitro Enclaves, "Verifying the root of trust", sections "COSE and CBOR" and "Attestation document specification"; RFC 9052 section 4.2 (COSE_Sign1).
/// The envelope has one encoding; the payload map may have indefinite length, as newer firmware writes it. docs/attestation.md, clause 13.
/// </remarks>
public sealed record NitroDocument
{
    /// <summary>Most bytes of the payload.</summary>
    public const int MaxPayloadLength = 16 * 1024;

    // Tag, array, protected header, empty map, signature and the lengths of the payload are 109 bytes.
    private const int MaxLength = MaxPayloadLength + 128;

    private const int EnvelopeItems = 4;
    private const int SignatureLength = 96;
    private const CborTag CoseSign1 = (CborTag)18;

    private const string KnownDigest = "SHA384";
    private const int MaxPcrs = 32;
    private const int MaxCertificateLength = 1024;
    private const int MaxPublicKeyLength = 1024;
    private const int MaxUserDataLength = 512;

    // With the leaf, the certificates are one chain.
    private const int MaxBundle = CertificateChain.MaxLength - 1;

    // The last millisecond of the year 9999, the latest that a DateTimeOffset holds.
    private const ulong LastTimestamp = 253_402_300_799_999;

    /// <summary>Who the enclave is: parent instance and enclave.</summary>
    public required string ModuleId { get; init; }

    /// <summary>The hypervisor's clock, in milliseconds since 1970.</summary>
    public required ulong TimestampMilliseconds { get; init; }

    /// <summary>The platform configuration registers by index; 32, 48 or 64 bytes each.</summary>
    public required IReadOnlyDictionary<int, ReadOnlyMemory<byte>> Pcrs { get; init; }

    /// <summary>The certificate of the key that signed, DER.</summary>
    public required ReadOnlyMemory<byte> LeafCertificate { get; init; }

    /// <summary>The certificates above it, DER, root first.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Bundle { get; init; }

    /// <summary>The enclave's public key for key services; null when it named none.</summary>
    public required ReadOnlyMemory<byte>? PublicKey { get; init; }

    /// <summary>What the enclave had signed; null when it named nothing.</summary>
    public required ReadOnlyMemory<byte>? UserData { get; init; }

    /// <summary>The nonce of whoever asked; null when there was none.</summary>
    public required ReadOnlyMemory<byte>? Nonce { get; init; }

    /// <summary>Whether the envelope carries the tag of COSE_Sign1. It is not signed.</summary>
    public required bool IsTagged { get; init; }

    /// <summary>Whether the payload map has indefinite length.</summary>
    public required bool IsIndefinite { get; init; }

    /// <summary>The bytes that are signed.</summary>
    public required ReadOnlyMemory<byte> SignedBytes { get; init; }

    /// <summary>The signature: r and s, 48 bytes each.</summary>
    public required ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>Whether the enclave runs in debug mode: PCR0, the image, is zero. Without that register nothing says that it does not.</summary>
    public bool IsDebug => !Pcrs.TryGetValue(0, out var image) || !image.Span.ContainsAnyExcept((byte)0);

    // The protected header { 1: -35 }: ES384, and nothing else.
    private static ReadOnlySpan<byte> ProtectedHeader => [0xA1, 0x01, 0x38, 0x22];

    /// <summary>Reads a document.</summary>
    /// <exception cref="AttestationException">The 1xx family, or <see cref="RejectionCode.AlgorithmUnsupported"/>.</exception>
    public static NitroDocument Parse(ReadOnlyMemory<byte> bytes)
    {
        Reject.Unless(bytes.Length <= MaxLength, RejectionCode.TooLarge, $"The document has {bytes.Length} bytes; the limit is {MaxLength}.");
        try
        {
            return ReadEnvelope(bytes);
        }
        catch (Exception exception) when (exception is CborContentException or InvalidOperationException or OverflowException)
        {
            // InvalidOperationException is how CborReader says that the next value has another type.
            throw new AttestationException(RejectionCode.EncodingInvalid, "The document is not the CBOR that it must be, or ends too early.", innerException: exception);
        }
    }

    internal JsonObject ToJson()
    {
        var pcrs = new JsonObject();
        foreach (var (index, value) in Pcrs.OrderBy(pair => pair.Key))
        {
            pcrs[$"{index}"] = Convert.ToHexStringLower(value.Span);
        }

        return new()
        {
            ["module_id"] = ModuleId,
            ["digest"] = KnownDigest,
            ["timestamp_ms"] = TimestampMilliseconds,
            ["pcrs"] = pcrs,
            ["user_data"] = HexOf(UserData),
            ["nonce"] = HexOf(Nonce),
            ["public_key"] = HexOf(PublicKey),
            ["debug"] = IsDebug,
            ["cose_tag18"] = IsTagged,
            ["payload_map_indefinite_length"] = IsIndefinite,
            ["cabundle_length"] = Bundle.Count,
        };
    }

    private static string? HexOf(ReadOnlyMemory<byte>? bytes) => bytes is { } value ? Convert.ToHexStringLower(value.Span) : null;

    private static NitroDocument ReadEnvelope(ReadOnlyMemory<byte> bytes)
    {
        var reader = new CborReader(bytes, CborConformanceMode.Canonical);
        var isTagged = reader.PeekState() == CborReaderState.Tag;
        Reject.Unless(!isTagged || reader.ReadTag() == CoseSign1, RejectionCode.EncodingInvalid, "The document has another tag than that of COSE_Sign1.");
        Reject.Unless(reader.ReadStartArray() == EnvelopeItems, RejectionCode.EncodingInvalid, $"The document is not an array of {EnvelopeItems}.");
        var header = reader.ReadDefiniteLengthByteString();
        Reject.Unless(header.Span.SequenceEqual(ProtectedHeader), RejectionCode.AlgorithmUnsupported, "The protected header of the document is not the one that names ES384.");
        Reject.Unless(reader.ReadStartMap() == 0, RejectionCode.MemberUnknown, "The document has unprotected headers; there is none that it may have.");
        reader.ReadEndMap();
        var payload = reader.ReadDefiniteLengthByteString();
        Reject.Unless(payload.Length <= MaxPayloadLength, RejectionCode.TooLarge, $"The payload of the document has {payload.Length} bytes; the limit is {MaxPayloadLength}.");
        var signature = reader.ReadDefiniteLengthByteString();
        Reject.Unless(signature.Length == SignatureLength, RejectionCode.ValueInvalid, $"The signature of the document has {signature.Length} bytes, not {SignatureLength}.");
        reader.ReadEndArray();
        Reject.Unless(reader.BytesRemaining == 0, RejectionCode.TrailingBytes, "Bytes follow the document.");
        return ReadPayload(payload, signature, isTagged);
    }

    // The reader would refuse a key that comes twice only in its stricter modes, and those refuse maps of indefinite length.
    private static NitroDocument ReadPayload(ReadOnlyMemory<byte> payload, ReadOnlyMemory<byte> signature, bool isTagged)
    {
        string? moduleId = null;
        ulong? timestamp = null;
        Dictionary<int, ReadOnlyMemory<byte>>? pcrs = null;
        List<ReadOnlyMemory<byte>>? bundle = null;
        ReadOnlyMemory<byte>? certificate = null, publicKey = null, userData = null, nonce = null;
        var seen = new HashSet<string>(StringComparer.Ordinal);

        var reader = new CborReader(payload, CborConformanceMode.Lax);
        var isIndefinite = reader.ReadStartMap() is null;
        while (reader.PeekState() != CborReaderState.EndMap)
        {
            var key = ReadText(reader);
            Reject.Unless(seen.Add(key), RejectionCode.MemberDuplicate, $"The document has the key \"{Shown.Text(key)}\" twice.");
            switch (key)
            {
                case "module_id": moduleId = ReadText(reader); break;
                case "digest": Reject.Unless(ReadText(reader) == KnownDigest, RejectionCode.AlgorithmUnsupported, $"The digest of the document is not {KnownDigest}."); break;
                case "timestamp": timestamp = reader.ReadUInt64(); break;
                case "pcrs": pcrs = ReadPcrs(reader); break;
                case "certificate": certificate = ReadBytes(reader, key, 1, MaxCertificateLength); break;
                case "cabundle": bundle = ReadBundle(reader); break;
                case "public_key": publicKey = ReadOptional(reader, key, 1, MaxPublicKeyLength); break;
                case "user_data": userData = ReadOptional(reader, key, 0, MaxUserDataLength); break;
                case "nonce": nonce = ReadOptional(reader, key, 0, MaxUserDataLength); break;
                default: throw new AttestationException(RejectionCode.MemberUnknown, $"The document has the unknown key \"{Shown.Text(key)}\".", "a newer version may know it.");
            }
        }

        reader.ReadEndMap();
        Reject.Unless(reader.BytesRemaining == 0, RejectionCode.TrailingBytes, "Bytes follow the payload map of the document.");
        Reject.Unless(seen.Contains("digest"), RejectionCode.MemberMissing, "The document lacks \"digest\".");
        Reject.Unless(moduleId is not "", RejectionCode.ValueInvalid, "The module id of the document is empty.");
        Reject.Unless(timestamp is null or (> 0 and <= LastTimestamp), RejectionCode.ValueInvalid, "The timestamp of the document is zero or after the year 9999.");
        return new()
        {
            ModuleId = moduleId ?? throw Missing("module_id"),
            TimestampMilliseconds = timestamp ?? throw Missing("timestamp"),
            Pcrs = pcrs ?? throw Missing("pcrs"),
            LeafCertificate = certificate ?? throw Missing("certificate"),
            Bundle = bundle ?? throw Missing("cabundle"),
            PublicKey = publicKey,
            UserData = userData,
            Nonce = nonce,
            IsTagged = isTagged,
            IsIndefinite = isIndefinite,
            SignedBytes = EncodeSigned(payload.Span),
            Signature = signature,
        };
    }

    private static Dictionary<int, ReadOnlyMemory<byte>> ReadPcrs(CborReader reader)
    {
        var count = reader.ReadStartMap() ?? throw Indefinite("pcrs");
        Reject.Unless(count <= MaxPcrs, RejectionCode.TooLarge, $"The document has {count} registers; the limit is {MaxPcrs}.");
        Reject.Unless(count > 0, RejectionCode.ValueInvalid, "The document has no registers.");
        var pcrs = new Dictionary<int, ReadOnlyMemory<byte>>(count);
        while (reader.PeekState() != CborReaderState.EndMap)
        {
            var index = reader.ReadUInt64();
            Reject.Unless(index < MaxPcrs, RejectionCode.ValueInvalid, $"The document has a register {index}; the last is {MaxPcrs - 1}.");
            var value = reader.ReadDefiniteLengthByteString();
            Reject.Unless(value.Length is 32 or 48 or 64, RejectionCode.ValueInvalid, $"Register {index} has {value.Length} bytes, not 32, 48 or 64.");
            Reject.Unless(pcrs.TryAdd((int)index, value), RejectionCode.MemberDuplicate, $"The document has register {index} twice.");
        }

        reader.ReadEndMap();
        return pcrs;
    }

    private static List<ReadOnlyMemory<byte>> ReadBundle(CborReader reader)
    {
        var count = reader.ReadStartArray() ?? throw Indefinite("cabundle");
        Reject.Unless(count <= MaxBundle, RejectionCode.TooLarge, $"The bundle has {count} certificates; the limit is {MaxBundle}.");
        Reject.Unless(count > 0, RejectionCode.ValueInvalid, "The bundle has no certificates.");
        var bundle = new List<ReadOnlyMemory<byte>>(count);
        while (reader.PeekState() != CborReaderState.EndArray)
        {
            bundle.Add(ReadBytes(reader, "cabundle", 1, MaxCertificateLength));
        }

        reader.ReadEndArray();
        return bundle;
    }

    private static ReadOnlyMemory<byte>? ReadOptional(CborReader reader, string key, int least, int most)
    {
        if (reader.PeekState() == CborReaderState.Null)
        {
            reader.ReadNull();
            return null;
        }

        return ReadBytes(reader, key, least, most);
    }

    private static ReadOnlyMemory<byte> ReadBytes(CborReader reader, string key, int least, int most)
    {
        var bytes = reader.ReadDefiniteLengthByteString();
        Reject.Unless(bytes.Length <= most, RejectionCode.TooLarge, $"\"{key}\" of the document has {bytes.Length} bytes; the limit is {most}.");
        Reject.Unless(bytes.Length >= least, RejectionCode.ValueInvalid, $"\"{key}\" of the document is empty.");
        return bytes;
    }

    private static string ReadText(CborReader reader)
    {
        Reject.Unless(reader.PeekState() == CborReaderState.TextString, RejectionCode.EncodingInvalid, "The document has something else where a text belongs.");
        return reader.ReadTextString();
    }

    // RFC 9052 section 4.4: ["Signature1", protected header, external data (none), payload].
    private static byte[] EncodeSigned(ReadOnlySpan<byte> payload)
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartArray(EnvelopeItems);
        writer.WriteTextString("Signature1");
        writer.WriteByteString(ProtectedHeader);
        writer.WriteByteString([]);
        writer.WriteByteString(payload);
        writer.WriteEndArray();
        return writer.Encode();
    }

    private static AttestationException Missing(string key) => new(RejectionCode.MemberMissing, $"The document lacks \"{key}\".");

    private static AttestationException Indefinite(string key) => new(RejectionCode.EncodingInvalid, $"\"{key}\" of the document has indefinite length.");
}
