using System.Buffers;
using System.Text.Json;

namespace BlindAI.Attestation.Evidence;

/// <summary>The JSON form of an <see cref="EvidenceObject"/>: byte strings are base64url without padding.</summary>
/// <remarks>Source: docs/attestation.md, clause 3. Strict: unknown and duplicate members, nulls and trailing bytes are refused.</remarks>
public static class EvidenceObjectJson
{
    /// <summary>Writes the object.</summary>
    public static byte[] Encode(EvidenceObject value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("v", EvidenceObject.Version);
            writer.WriteString("claims", StrictBase64Url.Encode(value.EncodedClaims.Span));
            writer.WriteStartArray("evidence");
            foreach (var item in value.Evidence)
            {
                WriteItem(writer, item);
            }

            writer.WriteEndArray();
            if (value.TlsChain.Count > 0)
            {
                WriteList(writer, "tls_chain", value.TlsChain);
            }

            if (value.SealedRequestKeys is { } keys)
            {
                writer.WriteString("hpke_keys", StrictBase64Url.Encode(keys.Span));
            }

            if (value.ReceiptKey is { } receiptKey)
            {
                writer.WriteString("sig_spki", StrictBase64Url.Encode(receiptKey.Span));
            }

            if (value.ConnectionKey is { } connectionKey)
            {
                writer.WriteString("conn_spki", StrictBase64Url.Encode(connectionKey.Span));
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads the object.</summary>
    /// <exception cref="AttestationException">The 1xx family, or <see cref="RejectionCode.VersionUnsupported"/>.</exception>
    public static EvidenceObject Parse(ReadOnlySpan<byte> utf8)
    {
        Reject.Unless(utf8.Length <= EvidenceObject.MaxEncodedLength, RejectionCode.TooLarge,
            $"The evidence object has {utf8.Length} bytes; the most is {EvidenceObject.MaxEncodedLength}.");
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = EvidenceObject.MaxDepth });
            reader.Read();
            var value = ReadObject(ref reader);
            Reject.Unless(!reader.Read(), RejectionCode.TrailingBytes, "Bytes follow the evidence object.");
            return value;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new AttestationException(RejectionCode.EncodingInvalid, "The evidence object is not well-formed JSON.",
                "check that the URL is that of a BlindAI server.", exception);
        }
    }

    private static EvidenceObject ReadObject(ref Utf8JsonReader reader)
    {
        long? version = null;
        ReadOnlyMemory<byte>? claims = null, sealedRequestKeys = null, receiptKey = null, connectionKey = null;
        List<TeeEvidence>? evidence = null;
        IReadOnlyList<ReadOnlyMemory<byte>> chain = [];
        var seen = new MemberNames();
        Expect(ref reader, JsonTokenType.StartObject, "The evidence object");
        while (seen.Next(ref reader, out var name))
        {
            switch (name)
            {
                case "v": version = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) ? number : null; break;
                case "claims": claims = ReadBytes(ref reader, name); break;
                case "evidence": evidence = ReadEvidence(ref reader); break;
                case "tls_chain": chain = ReadList(ref reader, name); break;
                case "hpke_keys": sealedRequestKeys = ReadBytes(ref reader, name); break;
                case "sig_spki": receiptKey = ReadBytes(ref reader, name); break;
                case "conn_spki": connectionKey = ReadBytes(ref reader, name); break;
                // Part of the format, without weight in a verdict: what they say is not trusted.
                case "manifest" or "results": reader.Skip(); break;
                default: throw new AttestationException(RejectionCode.MemberUnknown, "The evidence object has an unknown member.", "a newer client may know it.");
            }
        }

        Reject.Unless(version is not null, RejectionCode.MemberMissing, "The evidence object has no integer \"v\".");
        Reject.Unless(version == EvidenceObject.Version, RejectionCode.VersionUnsupported, "The evidence object has another version than 1.", "a newer client may know it.");
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

    private static List<TeeEvidence> ReadEvidence(ref Utf8JsonReader reader)
    {
        var items = new List<TeeEvidence>();
        Expect(ref reader, JsonTokenType.StartArray, "\"evidence\"");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            CheckCount(items.Count);
            items.Add(ReadItem(ref reader));
        }

        Reject.Unless(items.Count > 0, RejectionCode.MemberMissing, "The evidence object holds no evidence.");
        return items;
    }

    private static TeeEvidence ReadItem(ref Utf8JsonReader reader)
    {
        string? type = null;
        ReadOnlyMemory<byte>? data = null;
        Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>>? endorsements = null;
        var seen = new MemberNames();
        Expect(ref reader, JsonTokenType.StartObject, "An evidence item");
        while (seen.Next(ref reader, out var name))
        {
            switch (name)
            {
                case "type": type = reader.GetString(); break;
                case "data": data = ReadBytes(ref reader, name); break;
                case "endorsements": endorsements = ReadEndorsements(ref reader); break;
                default: throw new AttestationException(RejectionCode.MemberUnknown, "An evidence item has an unknown member.");
            }
        }

        return new(string.IsNullOrEmpty(type) ? throw Missing("type") : type, data ?? throw Missing("data"), endorsements);
    }

    private static Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> ReadEndorsements(ref Utf8JsonReader reader)
    {
        var endorsements = new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>>(StringComparer.Ordinal);
        var seen = new MemberNames();
        Expect(ref reader, JsonTokenType.StartObject, "\"endorsements\"");
        while (seen.Next(ref reader, out var name))
        {
            endorsements[name] = reader.TokenType == JsonTokenType.StartArray ? ReadList(ref reader, name) : [ReadBytes(ref reader, name)];
        }

        return endorsements;
    }

    private static List<ReadOnlyMemory<byte>> ReadList(ref Utf8JsonReader reader, string name)
    {
        var list = new List<ReadOnlyMemory<byte>>();
        Expect(ref reader, JsonTokenType.StartArray, $"\"{name}\"");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            CheckCount(list.Count);
            list.Add(ReadBytes(ref reader, name));
        }

        return list;
    }

    private static byte[] ReadBytes(ref Utf8JsonReader reader, string name)
    {
        Reject.Unless(reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped && StrictBase64Url.TryDecode(reader.ValueSpan, out var bytes),
            RejectionCode.EncodingInvalid, $"\"{name}\" is not base64url without padding.");
        StrictBase64Url.TryDecode(reader.ValueSpan, out bytes);
        return bytes;
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token, string what) =>
        Reject.Unless(reader.TokenType == token, RejectionCode.EncodingInvalid, $"{what} has the wrong JSON type.");

    private static void CheckCount(int count) =>
        Reject.Unless(count < EvidenceObject.MaxEntries, RejectionCode.TooLarge, $"A list of the evidence object has more than {EvidenceObject.MaxEntries} entries.");

    private static AttestationException Missing(string name) => new(RejectionCode.MemberMissing, $"The evidence object has no \"{name}\".");

    private static void WriteItem(Utf8JsonWriter writer, TeeEvidence item)
    {
        writer.WriteStartObject();
        writer.WriteString("type", item.Type);
        writer.WriteString("data", StrictBase64Url.Encode(item.Data.Span));
        if (item.Endorsements.Count > 0)
        {
            writer.WriteStartObject("endorsements");
            foreach (var (name, values) in item.Endorsements)
            {
                WriteList(writer, name, values);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter writer, string name, IReadOnlyList<ReadOnlyMemory<byte>> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(StrictBase64Url.Encode(value.Span));
        }

        writer.WriteEndArray();
    }

    /// <summary>Walks the members of one JSON object and refuses a name that comes twice.</summary>
    private struct MemberNames
    {
        private HashSet<string>? _names;

        public bool Next(ref Utf8JsonReader reader, out string name)
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.EndObject)
            {
                name = "";
                return false;
            }

            name = reader.GetString()!;
            _names ??= new(StringComparer.Ordinal);
            CheckCount(_names.Count);
            Reject.Unless(_names.Add(name), RejectionCode.MemberDuplicate, "A member of the evidence object appears twice.");
            reader.Read();
            return true;
        }
    }
}
