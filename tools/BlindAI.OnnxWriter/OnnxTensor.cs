using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using BlindAI.Protocol.Wire;

namespace BlindAI.OnnxWriter;

/// <summary>A constant tensor: an initializer or the value of an attribute.</summary>
/// <remarks>Nothing is checked against the shape, so that tests can write tensors that do not fit theirs.</remarks>
public sealed class OnnxTensor
{
    private readonly long[] _dimensions;
    private readonly byte[]? _raw;
    private readonly byte[][]? _strings;
    private readonly KeyValuePair<string, string>[]? _external;

    private OnnxTensor(
        OnnxType type, ReadOnlySpan<long> dimensions, byte[]? raw = null, byte[][]? strings = null, KeyValuePair<string, string>[]? external = null)
    {
        Type = type;
        _dimensions = dimensions.ToArray();
        _raw = raw;
        _strings = strings;
        _external = external;
    }

    /// <summary>The element type.</summary>
    public OnnxType Type { get; }

    /// <summary>A tensor of numbers, stored as raw_data. Without dimensions it is a scalar.</summary>
    public static OnnxTensor Of<T>(ReadOnlySpan<T> values, params ReadOnlySpan<long> dimensions)
        where T : unmanaged =>
        new(TypeOf<T>(), dimensions, raw: MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>A scalar.</summary>
    public static OnnxTensor Scalar<T>(T value)
        where T : unmanaged =>
        Of<T>([value]);

    /// <summary>A one-dimensional tensor.</summary>
    public static OnnxTensor Vector<T>(params ReadOnlySpan<T> values)
        where T : unmanaged =>
        Of(values, values.Length);

    /// <summary>A tensor of text, stored as string_data, the only place that the format allows.</summary>
    public static OnnxTensor OfStrings(IEnumerable<string> values, params ReadOnlySpan<long> dimensions) =>
        new(OnnxType.String, dimensions, strings: [.. values.Select(Encoding.UTF8.GetBytes)]);

    /// <summary>A tensor of any type from its little-endian bytes, of any number.</summary>
    public static OnnxTensor FromBytes(OnnxType type, ReadOnlySpan<byte> bytes, params ReadOnlySpan<long> dimensions) =>
        new(type, dimensions, raw: bytes.ToArray());

    /// <summary>A tensor of any type over little-endian bytes that are not copied and must not change: for weights of hundreds of megabytes.</summary>
    public static OnnxTensor OverBytes(OnnxType type, byte[] bytes, params ReadOnlySpan<long> dimensions) =>
        new(type, dimensions, raw: bytes);

    /// <summary>A tensor whose bytes are in another file, at any path that a test can think of.</summary>
    public static OnnxTensor External(OnnxType type, string location, long? offset, long? length, params ReadOnlySpan<long> dimensions)
    {
        var entries = new List<KeyValuePair<string, string>> { new("location", location) };
        if (offset is { } start)
        {
            entries.Add(new("offset", start.ToString(CultureInfo.InvariantCulture)));
        }

        if (length is { } count)
        {
            entries.Add(new("length", count.ToString(CultureInfo.InvariantCulture)));
        }

        return External(type, entries, dimensions);
    }

    /// <summary>A tensor in another file, described by entries that may be unknown, doubled, absent or no numbers.</summary>
    public static OnnxTensor External(OnnxType type, IEnumerable<KeyValuePair<string, string>> entries, params ReadOnlySpan<long> dimensions) =>
        new(type, dimensions, external: [.. entries]);

    // Source: onnx/onnx.proto, TensorProto and StringStringEntryProto.
    internal static void Write(ProtobufWriter writer, (string? Name, OnnxTensor Tensor) named)
    {
        var tensor = named.Tensor;
        foreach (var dimension in tensor._dimensions)
        {
            writer.WriteInt64(1, dimension);                            // dims
        }

        writer.WriteInt64(2, (int)tensor.Type);                         // data_type
        foreach (var text in tensor._strings ?? [])
        {
            writer.WriteBytes(6, text);                                 // string_data
        }

        if (named.Name is not null)
        {
            writer.WriteString(8, named.Name);                          // name
        }

        if (tensor._raw is not null)
        {
            writer.WriteBytes(9, tensor._raw);                          // raw_data
        }

        if (tensor._external is not null)
        {
            foreach (var entry in tensor._external)
            {
                writer.WriteMessage(13, entry, OnnxModel.WriteEntry);   // external_data
            }

            writer.WriteInt64(14, 1);                                   // data_location = EXTERNAL
        }
    }

    private static OnnxType TypeOf<T>() => default(T) switch
    {
        float => OnnxType.Float,
        byte => OnnxType.UInt8,
        sbyte => OnnxType.Int8,
        ushort => OnnxType.UInt16,
        short => OnnxType.Int16,
        int => OnnxType.Int32,
        long => OnnxType.Int64,
        bool => OnnxType.Bool,
        Half => OnnxType.Float16,
        double => OnnxType.Double,
        uint => OnnxType.UInt32,
        ulong => OnnxType.UInt64,
        _ => throw new ArgumentException($"{typeof(T).Name} is no ONNX element type; use FromBytes."),
    };
}
