using System.Buffers.Binary;
using System.Text;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Cli.Tensors;

/// <summary>Converts text arrays of .npy files, whose elements have one width and are filled up with zeros, to and from BYTES.</summary>
/// <remarks>Source: NumPy, "Data type objects": <c>S</c> is bytes, <c>U</c> is UTF-32. Both drop the zeros at an element's end.</remarks>
internal static class NpyText
{
    /// <summary>Reads elements of <paramref name="width"/> bytes.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.DataMismatch"/>, <see cref="ServingCode.RequestTooLarge"/>.</exception>
    public static Tensor Read(ReadOnlySpan<byte> data, int width, bool isUtf32, TensorShape shape)
    {
        // Each element has at least one byte of data, so the file's own size bounds what is allocated.
        var total = data.Length + ((long)Tensor.BytesPrefixLength * shape.ElementCount);
        if (total > Array.MaxLength)
        {
            throw new ServingException(ServingCode.RequestTooLarge, "The text array is larger than a tensor can be.");
        }

        var result = new byte[total];
        var used = 0;
        for (; !data.IsEmpty; data = data[width..])
        {
            var destination = result.AsSpan(used + Tensor.BytesPrefixLength);
            var written = isUtf32 ? WriteUtf8(data[..width], destination) : Copy(data[..width].TrimEnd((byte)0), destination);
            BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(used), written);
            used += Tensor.BytesPrefixLength + written;
        }

        return new(TensorDatatype.Bytes, shape, result.AsMemory(0, used));
    }

    /// <summary>The elements of a BYTES tensor in one width.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.DatatypeInvalid"/>: an element ends in a zero byte, which the format would drop.</exception>
    public static (int Width, byte[] Data) Write(Tensor tensor)
    {
        var width = 1;
        foreach (var element in tensor.ByteStrings())
        {
            width = !element.EndsWith((byte)0)
                ? Math.Max(width, element.Length)
                : throw new ServingException(ServingCode.DatatypeInvalid, "A BYTES output has an element that ends in a zero byte, which .npy files cannot hold.", "use --json instead.");
        }

        var size = width * tensor.Shape.ElementCount;
        if (size > Array.MaxLength)
        {
            throw new ServingException(ServingCode.ResponseMalformed, "A BYTES output is too large for an .npy file, which makes all elements as wide as the widest.", "use --json instead.");
        }

        var data = new byte[size];
        var rest = data.AsSpan();
        foreach (var element in tensor.ByteStrings())
        {
            element.CopyTo(rest);
            rest = rest[width..];
        }

        return (width, data);
    }

    private static int Copy(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        source.CopyTo(destination);
        return source.Length;
    }

    private static int WriteUtf8(ReadOnlySpan<byte> utf32, Span<byte> destination)
    {
        while (utf32.EndsWith("\0\0\0\0"u8))
        {
            utf32 = utf32[..^4];
        }

        var written = 0;
        for (; !utf32.IsEmpty; utf32 = utf32[4..])
        {
            written += Rune.TryCreate(BinaryPrimitives.ReadUInt32LittleEndian(utf32), out var rune)
                ? rune.EncodeToUtf8(destination[written..])
                : throw new ServingException(ServingCode.DataMismatch, "The text array has an element that is not Unicode.");
        }

        return written;
    }
}
