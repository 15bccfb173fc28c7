using System.Buffers.Binary;
using BlindAI.Protocol.Tensors;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Seeded values of every datatype, half of them at its edges: NaNs with payloads, -0, denormals, extremes, text with NUL, bytes that are no text.</summary>
internal static class EdgeValues
{
    private static readonly byte[][] Texts =
    [
        [], [0], [0, 0, 0], "a\0b"u8.ToArray(), [0xFF, 0xFE], [0xC3], [0xED, 0xA0, 0x80], "größe 入力 🧮"u8.ToArray(), "\"\\/\r\n"u8.ToArray(), [.. Enumerable.Repeat((byte)'x', 300)],
    ];

    public static Tensor Tensor(TensorDatatype datatype, Random random, params long[] dimensions)
    {
        var shape = new TensorShape(dimensions);
        var count = (int)shape.ElementCount;
        return new(datatype, shape, Enumerable.Range(0, count).SelectMany(_ => datatype.ElementSize() is { } size ? Element(datatype, size, random) : Text(random)).ToArray());
    }

    private static byte[] Element(TensorDatatype datatype, int size, Random random)
    {
        if (datatype == TensorDatatype.Bool)
        {
            return [(byte)random.Next(2)];
        }

        var bytes = new byte[sizeof(ulong)];
        random.NextBytes(bytes);
        if (random.Next(2) == 0)
        {
            var edges = Edges(datatype);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, edges[random.Next(edges.Length)]);
        }

        return bytes[..size];
    }

    // Bit patterns: 0, -0, 1, -1, least and greatest, infinities, denormals, quiet and signalling NaNs with payloads.
    private static ulong[] Edges(TensorDatatype datatype) => datatype switch
    {
        TensorDatatype.Fp16 => [0, 0x8000, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x0001, 0x83FF, 0x7E00, 0x7E5A, 0xFE01, 0x7C01],
        TensorDatatype.Bf16 => [0, 0x8000, 0x3F80, 0xBF80, 0x7F7F, 0xFF7F, 0x7F80, 0xFF80, 0x0001, 0x807F, 0x7FC0, 0x7FDA, 0xFFC1, 0x7F81],
        TensorDatatype.Fp32 => [0, 0x80000000, 0x3F800000, 0xBF800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 1, 0x807FFFFF, 0x7FC00000, 0x7FC5A5A5, 0xFFC00001, 0x7F800001],
        TensorDatatype.Fp64 =>
        [
            0, 1UL << 63, 0x3FF0000000000000, 0xBFF0000000000000, 0x7FEFFFFFFFFFFFFF, 0xFFEFFFFFFFFFFFFF, 0x7FF0000000000000, 0xFFF0000000000000, 1, 0x800FFFFFFFFFFFFF,
            0x7FF8000000000000, 0x7FFC0DEC0DEC0DE0, 0xFFF8000000000001, 0x7FF0000000000001,
        ],
        _ => [0, 1, ulong.MaxValue, ulong.MaxValue >> 1, 1UL << 63, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0x7FFFFFFF, 0x80000000],
    };

    private static byte[] Text(Random random)
    {
        var text = Texts[random.Next(Texts.Length)];
        var bytes = new byte[Protocol.Tensors.Tensor.BytesPrefixLength + text.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, text.Length);
        text.CopyTo(bytes, Protocol.Tensors.Tensor.BytesPrefixLength);
        return bytes;
    }
}
