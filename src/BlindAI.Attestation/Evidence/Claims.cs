using System.Formats.Cbor;

namespace BlindAI.Attestation.Evidence;

/// <summary>What the enclave says about itself; worth something only because hardware signed its digest.</summary>
/// <remarks>Source: docs/attestation.md, clause 2. One CBOR map in deterministic encoding (RFC 8949 section 4.2.1) with integer keys.</remarks>
public sealed record Claims
{
    /// <summary>The value of claim 1; anything else is another protocol.</summary>
    public const string Type = "blindai-claims-1";

    /// <summary>Most bytes of a claims buffer that a parser reads.</summary>
    public const int MaxEncodedLength = 8192;

    /// <summary>Bytes of claim 9.</summary>
    public const int InstanceLength = 16;

    /// <summary>Most characters of claim 10, as of a DNS name.</summary>
    public const int MaxServiceLength = 253;

    // Keys from here on may be added without a new type; those below change what the claims mean.
    private const ulong FirstIgnorableKey = 100;

    /// <summary>Claim 2: the client's nonce; absent in published evidence.</summary>
    public Nonce? Nonce { get; init; }

    /// <summary>Claim 3: the server's clock in Unix seconds. Informative: the host sets that clock.</summary>
    public required ulong IssuedAt { get; init; }

    /// <summary>Claim 4: SHA-256 of the TLS key's SubjectPublicKeyInfo.</summary>
    public required Sha256Digest TlsKey { get; init; }

    /// <summary>Claims 5 and 6: the channel binder, where one was asked for.</summary>
    public ChannelBinder? Binder { get; init; }

    /// <summary>Claim 7: SHA-256 of the <c>application/ohttp-keys</c> served now; absent without sealed requests.</summary>
    public Sha256Digest? SealedRequestKeys { get; init; }

    /// <summary>Claim 8: SHA-256 of the receipt key's SubjectPublicKeyInfo.</summary>
    public required Sha256Digest ReceiptKey { get; init; }

    /// <summary>Claim 9: 16 random bytes made at process start.</summary>
    public required ReadOnlyMemory<byte> Instance { get; init; }

    /// <summary>Claim 10: the service name that the operator configured. Self-asserted: it prevents mix-ups, not diversion.</summary>
    public required string Service { get; init; }

    /// <summary>Claim 11: SHA-256 of the canonical trust configuration.</summary>
    public required Sha256Digest Configuration { get; init; }

    /// <summary>Claim 12: the key generation, 1 in every process.</summary>
    public required ulong Epoch { get; init; }

    /// <summary>Claim 13: SHA-256 of the GPU evidence, where a GPU is used.</summary>
    public Sha256Digest? Gpu { get; init; }

    /// <summary>Claim 14: the sealed store, where models persist.</summary>
    public StoreClaim? Store { get; init; }

    /// <summary>Claim 15: SHA-256 of the connection-proof key's SubjectPublicKeyInfo.</summary>
    public Sha256Digest? ConnectionKey { get; init; }

    /// <summary>Writes the one encoding of these claims.</summary>
    public byte[] Encode()
    {
        var writer = new CborWriter(CborConformanceMode.Canonical, convertIndefiniteLengthEncodings: true);
        writer.WriteStartMap(null);
        writer.WriteUInt32(1);
        writer.WriteTextString(Type);
        WriteBytes(writer, 2, Nonce is null ? default : Nonce.Bytes.Span);
        writer.WriteUInt32(3);
        writer.WriteUInt64(IssuedAt);
        WriteDigest(writer, 4, TlsKey);
        if (Binder is not null)
        {
            WriteDigest(writer, 5, Binder.Digest);
            writer.WriteUInt32(6);
            writer.WriteUInt32((uint)Binder.Type);
        }

        WriteDigest(writer, 7, SealedRequestKeys);
        WriteDigest(writer, 8, ReceiptKey);
        WriteBytes(writer, 9, Instance.Span);
        writer.WriteUInt32(10);
        writer.WriteTextString(Service);
        WriteDigest(writer, 11, Configuration);
        writer.WriteUInt32(12);
        writer.WriteUInt64(Epoch);
        WriteDigest(writer, 13, Gpu);
        if (Store is not null)
        {
            writer.WriteUInt32(14);
            writer.WriteStartArray(3);
            writer.WriteByteString(Store.StoreId.Span);
            writer.WriteUInt64(Store.Generation);
            writer.WriteByteString(Store.Index.Bytes);
            writer.WriteEndArray();
        }

        WriteDigest(writer, 15, ConnectionKey);
        writer.WriteEndMap();
        return writer.Encode();
    }

    /// <summary>Reads claims whose digest has been compared with the report data.</summary>
    /// <exception cref="AttestationException">
    /// The 1xx family, or <see cref="RejectionCode.VersionUnsupported"/> for another <see cref="Type"/>.
    /// </exception>
    public static Claims Parse(ReadOnlyMemory<byte> encoded)
    {
        Reject.Unless(encoded.Length <= MaxEncodedLength, RejectionCode.TooLarge, $"The claims have {encoded.Length} bytes; the most is {MaxEncodedLength}.");
        try
        {
            var reader = new CborReader(encoded, CborConformanceMode.Canonical);
            var claims = ReadMap(reader);
            Reject.Unless(reader.BytesRemaining == 0, RejectionCode.TrailingBytes, "Bytes follow the claims.");
            return claims;
        }
        catch (Exception exception) when (exception is CborContentException or InvalidOperationException or OverflowException)
        {
            // InvalidOperationException is how CborReader says that the next value has another type.
            throw new AttestationException(RejectionCode.EncodingInvalid, "The claims are not the deterministic CBOR map that they must be.", innerException: exception);
        }
    }

    private static Claims ReadMap(CborReader reader)
    {
        string? type = null, service = null;
        Nonce? nonce = null;
        ulong? issuedAt = null, epoch = null, binderType = null;
        Sha256Digest? tlsKey = null, binder = null, sealedRequestKeys = null, receiptKey = null, configuration = null, gpu = null, connectionKey = null;
        ReadOnlyMemory<byte>? instance = null;
        StoreClaim? store = null;

        // A canonical map has its length in front and no key twice: the reader refuses anything else.
        reader.ReadStartMap();
        while (reader.PeekState() != CborReaderState.EndMap)
        {
            var key = reader.ReadUInt64();
            switch (key)
            {
                case 1: type = reader.ReadTextString(); break;
                case 2: nonce = Nonce.Parse(reader.ReadByteString()); break;
                case 3: issuedAt = reader.ReadUInt64(); break;
                case 4: tlsKey = ReadDigest(reader, key); break;
                case 5: binder = ReadDigest(reader, key); break;
                case 6: binderType = reader.ReadUInt64(); break;
                case 7: sealedRequestKeys = ReadDigest(reader, key); break;
                case 8: receiptKey = ReadDigest(reader, key); break;
                case 9: instance = ReadBytes(reader, key, InstanceLength); break;
                case 10: service = reader.ReadTextString(); break;
                case 11: configuration = ReadDigest(reader, key); break;
                case 12: epoch = reader.ReadUInt64(); break;
                case 13: gpu = ReadDigest(reader, key); break;
                case 14: store = ReadStore(reader); break;
                case 15: connectionKey = ReadDigest(reader, key); break;
                default:
                    Reject.Unless(key >= FirstIgnorableKey, RejectionCode.MemberUnknown, $"Claim {key} is unknown.", "a newer client may know it.");
                    reader.SkipValue();
                    break;
            }
        }

        reader.ReadEndMap();
        Reject.Unless((type ?? throw Missing(1)) == Type, RejectionCode.VersionUnsupported, "Claim 1 names another type of claims.", "a newer client may know it.");
        Reject.Unless((binder is null) == (binderType is null), RejectionCode.MemberMissing, "Claims 5 and 6 come together or not at all.");
        Reject.Unless(binderType is null or (ulong)ChannelBinderType.Finished or (ulong)ChannelBinderType.Exporter, RejectionCode.ValueInvalid, "Claim 6 names an unknown binder type.");
        Reject.Unless(service is null or { Length: > 0 and <= MaxServiceLength }, RejectionCode.ValueInvalid, $"Claim 10 has 1 to {MaxServiceLength} characters.");
        return new()
        {
            Nonce = nonce,
            IssuedAt = issuedAt ?? throw Missing(3),
            TlsKey = tlsKey ?? throw Missing(4),
            Binder = binder is null ? null : new((ChannelBinderType)binderType!.Value, binder),
            SealedRequestKeys = sealedRequestKeys,
            ReceiptKey = receiptKey ?? throw Missing(8),
            Instance = instance ?? throw Missing(9),
            Service = service ?? throw Missing(10),
            Configuration = configuration ?? throw Missing(11),
            Epoch = epoch ?? throw Missing(12),
            Gpu = gpu,
            Store = store,
            ConnectionKey = connectionKey,
        };
    }

    private static StoreClaim ReadStore(CborReader reader)
    {
        Reject.Unless(reader.ReadStartArray() == 3, RejectionCode.ValueInvalid, "Claim 14 is an array of three.");
        var store = new StoreClaim(ReadBytes(reader, 14, 16), reader.ReadUInt64(), ReadDigest(reader, 14));
        reader.ReadEndArray();
        return store;
    }

    private static Sha256Digest ReadDigest(CborReader reader, ulong key) => new(ReadBytes(reader, key, Sha256Digest.Length));

    private static byte[] ReadBytes(CborReader reader, ulong key, int length)
    {
        var bytes = reader.ReadByteString();
        Reject.Unless(bytes.Length == length, RejectionCode.ValueInvalid, $"Claim {key} has {bytes.Length} bytes where {length} belong.");
        return bytes;
    }

    private static AttestationException Missing(int key) => new(RejectionCode.MemberMissing, $"Claim {key} is absent.");

    private static void WriteDigest(CborWriter writer, uint key, Sha256Digest? digest) => WriteBytes(writer, key, digest is null ? default : digest.Bytes);

    private static void WriteBytes(CborWriter writer, uint key, ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            writer.WriteUInt32(key);
            writer.WriteByteString(bytes);
        }
    }
}
