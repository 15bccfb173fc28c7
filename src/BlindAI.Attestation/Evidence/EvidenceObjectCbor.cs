using System.Formats.Cbor;

namespace BlindAI.Attestation.Evidence;

/// <summary>The CBOR form of an <see cref="EvidenceObject"/>: the names of the JSON form as text keys, byte strings as they are.</summary>
/// <remarks>Source: docs/attestation.md, clause 3. Deterministic encoding (RFC 8949 section 4.2.1); anything else is refused.</remarks>
public static class EvidenceObjectCbor
{
    /// <summary>Writes the object.</summary>
    public static byte[] Encode(EvidenceObject value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var writer = new CborWriter(CborConformanceMode.Canonical, convertIndefiniteLengthEncodings: true);
        writer.WriteStartMap(null);
        writer.WriteTextString("v");
        writer.WriteInt32(EvidenceObject.Version);
        WriteBytes(writer, "claims", value.EncodedClaims);
        writer.WriteTextString("evidence");
        writer.WriteStartArray(value.Evidence.Count);
        foreach (var item in value.Evidence)
        {
            WriteItem(writer, item);
        }

        writer.WriteEndArray();
        if (value.TlsChain.Count > 0)
        {
            writer.WriteTextString("tls_chain");
            WriteList(writer, value.TlsChain);
        }

        if (value.SealedRequestKeys is { } keys)
        {
            WriteBytes(writer, "hpke_keys", keys);
        }

        if (value.ReceiptKey is { } receiptKey)
        {
            WriteBytes(writer, "sig_spki", receiptKey);
        }

        if (value.ConnectionKey is { } connectionKey)
        {
            WriteBytes(writer, "conn_spki", connectionKey);
        }

        writer.WriteEndMap();
        return writer.Encode();
    }

    /// <summary>Reads the object.</summary>
    /// <exception cref="AttestationException">The 1xx family, or <see cref="RejectionCode.VersionUnsupported"/>.</exception>
    public static EvidenceObject Parse(ReadOnlyMemory<byte> encoded)
    {
        Reject.Unless(encoded.Length <= EvidenceObject.MaxEncodedLength, RejectionCode.TooLarge,
            $"The evidence object has {encoded.Length} bytes; the most is {EvidenceObject.MaxEncodedLength}.");
        try
        {
            var reader = new CborReader(encoded, CborConformanceMode.Canonical);
            var value = ReadObject(reader);
            Reject.Unless(reader.BytesRemaining == 0, RejectionCode.TrailingBytes, "Bytes follow the evidence object.");
            return value;
        }
        catch (Exception exception) when (exception is CborContentException or InvalidOperationException or OverflowException)
        {
            throw new AttestationException(RejectionCode.EncodingInvalid, "The evidence object is not the deterministic CBOR that it must be.", innerException: exception);
        }
    }

    private static EvidenceObject ReadObject(CborReader reader)
    {
        ulong? version = null;
        ReadOnlyMemory<byte>? claims = null, sealedRequestKeys = null, receiptKey = null, connectionKey = null;
        List<TeeEvidence>? evidence = null;
        IReadOnlyList<ReadOnlyMemory<byte>> chain = [];
        for (var left = ReadMapCount(reader); left > 0; left--)
        {
            switch (reader.ReadTextString())
            {
                case "v": version = reader.ReadUInt64(); break;
                case "claims": claims = reader.ReadByteString(); break;
                case "evidence": evidence = ReadEvidence(reader); break;
                case "tls_chain": chain = ReadList(reader); break;
                case "hpke_keys": sealedRequestKeys = reader.ReadByteString(); break;
                case "sig_spki": receiptKey = reader.ReadByteString(); break;
                case "conn_spki": connectionKey = reader.ReadByteString(); break;
                // Part of the format, without weight in a verdict: what they say is not trusted.
                case "manifest" or "results": reader.SkipValue(); break;
                default: throw new AttestationException(RejectionCode.MemberUnknown, "The evidence object has an unknown member.", "a newer client may know it.");
            }
        }

        reader.ReadEndMap();
        Reject.Unless((version ?? throw Missing("v")) == EvidenceObject.Version, RejectionCode.VersionUnsupported,
            "The evidence object has another version than 1.", "a newer client may know it.");
        return new()
        {
            EncodedClaims = claims ?? throw Missing("claims"),
            Evidence = evidence ?? throw Missing("evidence"),
            TlsChain = chain,
            SealedRequestKeys = sealedRequestKeys,
            ReceiptKey = receiptKey,
            ConnectionKey = connectionKey,
        };
    }

    private static List<TeeEvidence> ReadEvidence(CborReader reader)
    {
        var items = new List<TeeEvidence>();
        for (var left = ReadArrayCount(reader); left > 0; left--)
        {
            items.Add(ReadItem(reader));
        }

        reader.ReadEndArray();
        Reject.Unless(items.Count > 0, RejectionCode.MemberMissing, "The evidence object holds no evidence.");
        return items;
    }

    private static TeeEvidence ReadItem(CborReader reader)
    {
        string? type = null;
        ReadOnlyMemory<byte>? data = null;
        Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>>? endorsements = null;
        for (var left = ReadMapCount(reader); left > 0; left--)
        {
            switch (reader.ReadTextString())
            {
                case "type": type = reader.ReadTextString(); break;
                case "data": data = reader.ReadByteString(); break;
                case "endorsements": endorsements = ReadEndorsements(reader); break;
                default: throw new AttestationException(RejectionCode.MemberUnknown, "An evidence item has an unknown member.");
            }
        }

        reader.ReadEndMap();
        return new(string.IsNullOrEmpty(type) ? throw Missing("type") : type, data ?? throw Missing("data"), endorsements);
    }

    private static Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> ReadEndorsements(CborReader reader)
    {
        var endorsements = new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>>(StringComparer.Ordinal);
        for (var left = ReadMapCount(reader); left > 0; left--)
        {
            endorsements[reader.ReadTextString()] = reader.PeekState() == CborReaderState.StartArray ? ReadList(reader) : [reader.ReadByteString()];
        }

        reader.ReadEndMap();
        return endorsements;
    }

    private static List<ReadOnlyMemory<byte>> ReadList(CborReader reader)
    {
        var list = new List<ReadOnlyMemory<byte>>();
        for (var left = ReadArrayCount(reader); left > 0; left--)
        {
            list.Add(reader.ReadByteString());
        }

        reader.ReadEndArray();
        return list;
    }

    private static int ReadMapCount(CborReader reader) => CheckCount(reader.ReadStartMap());

    private static int ReadArrayCount(CborReader reader) => CheckCount(reader.ReadStartArray());

    // Canonical mode has refused indefinite lengths already.
    private static int CheckCount(int? count)
    {
        Reject.Unless(count <= EvidenceObject.MaxEntries, RejectionCode.TooLarge, $"A list of the evidence object has more than {EvidenceObject.MaxEntries} entries.");
        return count.Value;
    }

    private static AttestationException Missing(string name) => new(RejectionCode.MemberMissing, $"The evidence object has no \"{name}\".");

    private static void WriteItem(CborWriter writer, TeeEvidence item)
    {
        writer.WriteStartMap(null);
        writer.WriteTextString("type");
        writer.WriteTextString(item.Type);
        WriteBytes(writer, "data", item.Data);
        if (item.Endorsements.Count > 0)
        {
            writer.WriteTextString("endorsements");
            writer.WriteStartMap(item.Endorsements.Count);
            foreach (var (name, values) in item.Endorsements)
            {
                writer.WriteTextString(name);
                WriteList(writer, values);
            }

            writer.WriteEndMap();
        }

        writer.WriteEndMap();
    }

    private static void WriteList(CborWriter writer, IReadOnlyList<ReadOnlyMemory<byte>> values)
    {
        writer.WriteStartArray(values.Count);
        foreach (var value in values)
        {
            writer.WriteByteString(value.Span);
        }

        writer.WriteEndArray();
    }

    private static void WriteBytes(CborWriter writer, string name, ReadOnlyMemory<byte> value)
    {
        writer.WriteTextString(name);
        writer.WriteByteString(value.Span);
    }
}
