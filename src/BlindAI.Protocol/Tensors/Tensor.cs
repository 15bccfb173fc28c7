using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace BlindAI.Protocol.Tensors;

/// <summary>A tensor: a datatype, a shape and the bytes that fill it (little-endian, row-major, no padding).</summary>
/// <remarks>
/// The bytes are referred to, not copied: change the source and the tensor changes. <see cref="ToString"/> shows the shape only; contents never
/// reach a log through this type.
/// </remarks>
public sealed class Tensor
{
    /// <summary>Bytes of the length that stands before each element of a <see cref="TensorDatatype.Bytes"/> tensor.</summary>
    public const int BytesPrefixLength = 4;

    /// <summary>Makes a tensor over bytes in the protocol's binary form.</summary>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.DataMismatch"/>: the bytes do not fill the shape exactly; <see cref="ServingCode.ShapeInvalid"/>: the byte count overflows.
    /// </exception>
    public Tensor(TensorDatatype datatype, TensorShape shape, ReadOnlyMemory<byte> data)
    {
        ArgumentNullException.ThrowIfNull(shape);
        if (datatype.ElementSize() is { } elementSize)
        {
            var expected = shape.ByteCount(elementSize);
            if (data.Length != expected)
            {
                throw new ServingException(ServingCode.DataMismatch, $"A tensor of {datatype.WireName()} {shape} takes {expected} bytes; {data.Length} were given.");
            }
        }
        else
        {
            CheckByteStrings(data.Span, shape.ElementCount);
        }

        // A C# or C++ bool of another value than 0 and 1 is neither true nor false, and undefined behaviour in a kernel.
        if (datatype == TensorDatatype.Bool && data.Span.ContainsAnyExceptInRange((byte)0, (byte)1))
        {
            throw new ServingException(ServingCode.DataMismatch, "A BOOL tensor holds a byte that is neither 0 nor 1.");
        }

        Datatype = datatype;
        Shape = shape;
        Data = data;
    }

    /// <summary>The datatype.</summary>
    public TensorDatatype Datatype { get; }

    /// <summary>The shape.</summary>
    public TensorShape Shape { get; }

    /// <summary>The bytes in the protocol's binary form.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Makes a tensor over an array, without a copy. Without a shape it is one-dimensional.</summary>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is no tensor element type.</exception>
    /// <exception cref="ServingException"><see cref="ServingCode.DataMismatch"/>.</exception>
    public static Tensor From<T>(T[] values, params ReadOnlySpan<long> shape)
        where T : unmanaged => From<T>((ReadOnlyMemory<T>)values, shape);

    /// <summary>Makes a tensor over memory, without a copy. Without a shape it is one-dimensional.</summary>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is no tensor element type.</exception>
    /// <exception cref="ServingException"><see cref="ServingCode.DataMismatch"/>.</exception>
    public static Tensor From<T>(ReadOnlyMemory<T> values, params ReadOnlySpan<long> shape)
        where T : unmanaged =>
        new(DatatypeOf<T>(), ShapeOrVector(shape, values.Length), new CastMemory<T>(MemoryMarshal.AsMemory(values)).Memory);

    /// <summary>Makes a tensor from a span; the values are copied once, since a span cannot be kept.</summary>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is no tensor element type.</exception>
    /// <exception cref="ServingException"><see cref="ServingCode.DataMismatch"/>.</exception>
    public static Tensor Copy<T>(ReadOnlySpan<T> values, params ReadOnlySpan<long> shape)
        where T : unmanaged =>
        new(DatatypeOf<T>(), ShapeOrVector(shape, values.Length), MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>Makes a BYTES tensor from text (UTF-8). Without a shape it is one-dimensional.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.DataMismatch"/>.</exception>
    public static Tensor FromStrings(IReadOnlyCollection<string> values, params ReadOnlySpan<long> shape)
    {
        ArgumentNullException.ThrowIfNull(values);
        var total = values.Sum(value => (long)BytesPrefixLength + Encoding.UTF8.GetByteCount(value));
        var data = new byte[checked((int)total)];
        var rest = data.AsSpan();
        foreach (var value in values)
        {
            var written = Encoding.UTF8.GetBytes(value, rest[BytesPrefixLength..]);
            BinaryPrimitives.WriteInt32LittleEndian(rest, written);
            rest = rest[(BytesPrefixLength + written)..];
        }

        return new(TensorDatatype.Bytes, ShapeOrVector(shape, values.Count), data);
    }

    /// <summary>The values, without a copy. The element type must be the datatype's own.</summary>
    /// <exception cref="InvalidOperationException"><typeparamref name="T"/> is not the element type of <see cref="Datatype"/>.</exception>
    public ReadOnlySpan<T> AsSpan<T>()
        where T : unmanaged => DatatypeOf<T>() == Datatype
        ? MemoryMarshal.Cast<byte, T>(Data.Span)
        : throw new InvalidOperationException($"The tensor holds {Datatype.WireName()}, not {DatatypeOf<T>().WireName()}.");

    /// <summary>The values as a new array.</summary>
    /// <exception cref="InvalidOperationException"><typeparamref name="T"/> is not the element type of <see cref="Datatype"/>.</exception>
    public T[] ToArray<T>()
        where T : unmanaged => AsSpan<T>().ToArray();

    /// <summary>The elements of a BYTES tensor as text (UTF-8; invalid bytes become U+FFFD).</summary>
    /// <exception cref="InvalidOperationException">The tensor is not BYTES.</exception>
    public string[] ToStrings()
    {
        var values = new string[Shape.ElementCount];
        var index = 0;
        foreach (var element in ByteStrings())
        {
            values[index++] = Encoding.UTF8.GetString(element);
        }

        return values;
    }

    /// <summary>Walks the elements of a BYTES tensor without copies.</summary>
    /// <exception cref="InvalidOperationException">The tensor is not BYTES.</exception>
    public ByteStringEnumerator ByteStrings() => Datatype == TensorDatatype.Bytes
        ? new ByteStringEnumerator(Data.Span)
        : throw new InvalidOperationException($"The tensor holds {Datatype.WireName()}, not BYTES.");

    /// <summary>Datatype and shape, such as <c>FP32[1,3,224,224]</c>; never the contents.</summary>
    public override string ToString() => $"{Datatype.WireName()}{Shape}";

    /// <summary>The datatype whose elements have the C# type <typeparamref name="T"/>.</summary>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is no tensor element type.</exception>
    public static TensorDatatype DatatypeOf<T>()
        where T : unmanaged =>
        typeof(T) == typeof(float) ? TensorDatatype.Fp32
        : typeof(T) == typeof(long) ? TensorDatatype.Int64
        : typeof(T) == typeof(int) ? TensorDatatype.Int32
        : typeof(T) == typeof(byte) ? TensorDatatype.UInt8
        : typeof(T) == typeof(double) ? TensorDatatype.Fp64
        : typeof(T) == typeof(bool) ? TensorDatatype.Bool
        : typeof(T) == typeof(Half) ? TensorDatatype.Fp16
        : typeof(T) == typeof(sbyte) ? TensorDatatype.Int8
        : typeof(T) == typeof(short) ? TensorDatatype.Int16
        : typeof(T) == typeof(ushort) ? TensorDatatype.UInt16
        : typeof(T) == typeof(uint) ? TensorDatatype.UInt32
        : typeof(T) == typeof(ulong) ? TensorDatatype.UInt64
        : throw new ArgumentException($"{typeof(T).Name} is no tensor element type; BF16 and BYTES tensors are made from bytes.");

    private static TensorShape ShapeOrVector(ReadOnlySpan<long> shape, int length) => shape.IsEmpty ? new TensorShape(length) : new TensorShape(shape);

    // The walk is what proves that the lengths stay inside the data and that there are exactly as many elements as the shape says.
    private static void CheckByteStrings(ReadOnlySpan<byte> data, long expected)
    {
        var offset = 0;
        var count = 0L;
        while (offset < data.Length)
        {
            var left = data.Length - offset;
            if (left < BytesPrefixLength || BinaryPrimitives.ReadUInt32LittleEndian(data[offset..]) is var length && length > left - BytesPrefixLength)
            {
                throw new ServingException(ServingCode.DataMismatch, "An element of a BYTES tensor runs past the end of its data.",
                    "each element is a 4-byte little-endian length and that many bytes.");
            }

            offset += BytesPrefixLength + (int)length;
            count++;
        }

        if (count != expected)
        {
            throw new ServingException(ServingCode.DataMismatch, $"A BYTES tensor has {count} elements; its shape takes {expected}.");
        }
    }
}
