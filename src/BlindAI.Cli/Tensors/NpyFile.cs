using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Cli.Tensors;

/// <summary>Reads and writes NumPy's .npy files: one array each, little-endian and row-major, as tensors are.</summary>
/// <remarks>
/// Source: NumPy, numpy.lib.format, versions 1.0 and 2.0 (which differ in the width of the header's length). Big-endian and column-major arrays
/// are refused, not converted. BF16 is <c>V2</c>, as ml_dtypes writes it. Object arrays are pickles, that is, programs: refused.
/// </remarks>
internal static class NpyFile
{
    private const int PreambleLength = 8;

    // NumPy aligns the data for memory maps.
    private const int Alignment = 64;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    private static readonly FrozenDictionary<string, TensorDatatype> Datatypes = new Dictionary<string, TensorDatatype>
    {
        ["b1"] = TensorDatatype.Bool,
        ["u1"] = TensorDatatype.UInt8,
        ["u2"] = TensorDatatype.UInt16,
        ["u4"] = TensorDatatype.UInt32,
        ["u8"] = TensorDatatype.UInt64,
        ["i1"] = TensorDatatype.Int8,
        ["i2"] = TensorDatatype.Int16,
        ["i4"] = TensorDatatype.Int32,
        ["i8"] = TensorDatatype.Int64,
        ["f2"] = TensorDatatype.Fp16,
        ["V2"] = TensorDatatype.Bf16,
        ["f4"] = TensorDatatype.Fp32,
        ["f8"] = TensorDatatype.Fp64,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<TensorDatatype, string> Kinds = Datatypes.ToFrozenDictionary(pair => pair.Value, pair => pair.Key);

    /// <summary>Reads a file. A tensor of numbers views its bytes, without a copy.</summary>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.RequestMalformed"/>, <see cref="ServingCode.DatatypeInvalid"/>, <see cref="ServingCode.ShapeInvalid"/>, <see cref="ServingCode.DataMismatch"/>.
    /// </exception>
    public static Tensor Read(ReadOnlyMemory<byte> file)
    {
        var (header, data) = Split(file);
        if (header.IsFortranOrder)
        {
            throw new ServingException(ServingCode.DataMismatch, "The .npy array is in Fortran order.", "save numpy.ascontiguousarray(array).");
        }

        var (order, kind) = header.Descriptor is [var first and ('<' or '>' or '|' or '='), .. var rest] ? (first, rest) : ('|', header.Descriptor);
        if (TextWidth(kind) is { } width)
        {
            RequireLittleEndian(order, isOneByte: kind[0] == 'S');
            RequireLength(data.Length, header.Shape.ByteCount(width));
            return NpyText.Read(data.Span, width, isUtf32: kind[0] == 'U', header.Shape);
        }

        var datatype = Datatypes.TryGetValue(kind, out var known)
            ? known
            : throw new ServingException(ServingCode.DatatypeInvalid, "The .npy array has a type that no tensor has.", "convert it, for example with array.astype(\"float32\").");
        RequireLittleEndian(order, isOneByte: datatype is TensorDatatype.Bf16 || datatype.ElementSize() == 1);
        RequireLength(data.Length, header.Shape.ByteCount(datatype.ElementSize()!.Value));
        return new(datatype, header.Shape, data);
    }

    /// <summary>Writes a tensor as version 1.0.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.DatatypeInvalid"/>: BYTES whose elements the format cannot hold.</exception>
    public static byte[] Encode(Tensor tensor)
    {
        var (descriptor, data) = tensor.Datatype == TensorDatatype.Bytes
            ? NpyText.Write(tensor) is var (width, text) ? ($"|S{width.ToString(CultureInfo.InvariantCulture)}", text) : default
            : (DescriptorOf(tensor.Datatype), tensor.Data);
        var header = new NpyHeader(descriptor, IsFortranOrder: false, tensor.Shape).ToString();
        var start = (PreambleLength + sizeof(ushort) + header.Length + 1 + Alignment - 1) / Alignment * Alignment;
        var file = new byte[checked(start + data.Length)];
        var rest = file.AsSpan();
        Magic.CopyTo(rest);
        rest[Magic.Length] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(rest[PreambleLength..], (ushort)(start - PreambleLength - sizeof(ushort)));
        rest = rest[(PreambleLength + sizeof(ushort))..start];
        rest.Fill((byte)' ');
        Encoding.ASCII.GetBytes(header, rest);
        rest[^1] = (byte)'\n';
        data.Span.CopyTo(file.AsSpan(start));
        return file;
    }

    private static (NpyHeader Header, ReadOnlyMemory<byte> Data) Split(ReadOnlyMemory<byte> file)
    {
        var bytes = file.Span;
        if (bytes.Length < PreambleLength || !bytes.StartsWith(Magic))
        {
            throw Malformed("is not an .npy file");
        }

        var lengthSize = (bytes[PreambleLength - 2], bytes[PreambleLength - 1]) switch
        {
            (1, 0) => sizeof(ushort),
            (2, 0) => sizeof(uint),
            _ => throw Malformed("has another version than 1.0 and 2.0"),
        };
        if (bytes.Length < PreambleLength + lengthSize)
        {
            throw Malformed("ends inside its header");
        }

        var length = lengthSize == sizeof(ushort) ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[PreambleLength..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[PreambleLength..]);
        if (length > NpyHeader.MaxLength)
        {
            throw Malformed($"has a header of {length} bytes; the most is {NpyHeader.MaxLength}");
        }

        var start = PreambleLength + lengthSize + (int)length;
        return bytes.Length >= start
            ? (NpyHeader.Parse(Encoding.Latin1.GetString(bytes[(start - (int)length)..start])), file[start..])
            : throw Malformed("ends inside its header");
    }

    /// <summary>Bytes of an element of text; null when the kind is no text.</summary>
    private static int? TextWidth(string kind) =>
        kind is not [var letter and ('S' or 'U'), .. var digits] ? null
        : int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var characters) && characters is > 0 and <= int.MaxValue / 4 ? (letter == 'U' ? 4 : 1) * characters
        : throw new ServingException(ServingCode.DatatypeInvalid, "The .npy array has text of no width.");

    private static string DescriptorOf(TensorDatatype datatype) =>
        (datatype is TensorDatatype.Bf16 || datatype.ElementSize() == 1 ? "|" : "<") + Kinds[datatype];

    private static void RequireLittleEndian(char order, bool isOneByte)
    {
        if (order != '<' && !(isOneByte && order == '|'))
        {
            throw new ServingException(ServingCode.DatatypeInvalid, "The .npy array is not little-endian.", "save array.astype(array.dtype.newbyteorder(\"<\")).");
        }
    }

    private static void RequireLength(long actual, long expected)
    {
        if (actual != expected)
        {
            throw new ServingException(ServingCode.DataMismatch, $"The .npy file has {actual} bytes of data where its shape takes {expected}.");
        }
    }

    private static ServingException Malformed(string what) => new(ServingCode.RequestMalformed, $"The file {what}.", "write it with numpy.save.");
}
