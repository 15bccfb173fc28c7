using System.Buffers.Binary;

namespace BlindAI.Protocol.Ohttp;

/// <summary>Integers of 1, 2, 4 or 8 bytes; the two highest bits say which.</summary>
/// <remarks>Source: RFC 9000, section 16. Longer forms than needed are read, as there; the shortest is written.</remarks>
internal static class QuicVarint
{
    public const int MaxLength = 8;

    /// <summary>2^62 - 1.</summary>
    public const ulong MaxValue = (1UL << 62) - 1;

    public static int LengthOf(ulong value) => value switch
    {
        < 1UL << 6 => 1,
        < 1UL << 14 => 2,
        < 1UL << 30 => 4,
        <= MaxValue => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(value), value, "A varint holds at most 62 bits."),
    };

    /// <summary>The length that the first byte states.</summary>
    public static int LengthFrom(byte first) => 1 << (first >> 6);

    /// <summary>Writes the shortest form; the bytes written.</summary>
    public static int Write(Span<byte> destination, ulong value)
    {
        var length = LengthOf(value);
        switch (length)
        {
            case 1: destination[0] = (byte)value; break;
            case 2: BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(value | (1UL << 14))); break;
            case 4: BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)(value | (2UL << 30))); break;
            default: BinaryPrimitives.WriteUInt64BigEndian(destination, value | (3UL << 62)); break;
        }

        return length;
    }

    /// <summary>Reads a whole varint: as many bytes as its first one states.</summary>
    public static ulong Read(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        1 => bytes[0],
        2 => BinaryPrimitives.ReadUInt16BigEndian(bytes) & ((1UL << 14) - 1),
        4 => BinaryPrimitives.ReadUInt32BigEndian(bytes) & ((1UL << 30) - 1),
        _ => BinaryPrimitives.ReadUInt64BigEndian(bytes) & MaxValue,
    };
}
