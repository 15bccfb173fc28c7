using System.Buffers.Binary;

namespace BlindAI.Fuzz.Tests;

/// <summary>Changes bytes as a hostile sender would; the same seed gives the same changes.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly byte[][] Tokens =
    [
        [0], [0xFF], [0x80], [.. "\""u8], [.. "\\"u8], [.. "{}"u8], [.. "[]"u8], [.. ","u8], [.. "-1"u8], [.. "1e999"u8], [.. "NaN"u8], [.. "null"u8], [.. "\\ud800"u8],
        [.. "9223372036854775808"u8], [.. "[[[[[[[["u8], [0x9F], [0xBF], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        [0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0xC0, 0x80],
    ];

    private static readonly long[] Lengths = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, int.MaxValue, 0x80000000, 0xFFFFFFFF, long.MaxValue, -1];

    private readonly Random _random = new(seed);

    /// <summary>One to four changes of <paramref name="input"/>; <paramref name="other"/> is spliced in at times.</summary>
    public byte[] Mutate(ReadOnlySpan<byte> input, ReadOnlySpan<byte> other)
    {
        var bytes = input.ToArray();
        for (var changes = _random.Next(1, 5); changes > 0; changes--)
        {
            bytes = MutateOnce(bytes, other);
        }

        return bytes;
    }

    private byte[] MutateOnce(byte[] bytes, ReadOnlySpan<byte> other)
    {
        var at = _random.Next(bytes.Length + 1);
        var length = _random.Next(Math.Min(bytes.Length - at, 32) + 1);
        switch (_random.Next(8))
        {
            case 0:
                return bytes[..at];
            case 1:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 2:
                return [.. bytes[..(at + length)], .. bytes[at..]];
            case 3:
                return [.. bytes[..at], .. other[_random.Next(other.Length + 1)..]];
            case 4:
                return [.. bytes[..at], .. Tokens[_random.Next(Tokens.Length)], .. bytes[(at + length)..]];
            case 5:
                WriteLength(bytes.AsSpan(at), Lengths[_random.Next(Lengths.Length)]);
                return bytes;
            case 6 when at < bytes.Length:
                bytes[at] += (byte)_random.Next(-3, 4);
                return bytes;
            default:
                if (at < bytes.Length)
                {
                    bytes[at] ^= (byte)(1 << _random.Next(8));
                }

                return bytes;
        }
    }

    // A length field of any size and order may stand here.
    private void WriteLength(Span<byte> at, long value)
    {
        switch (_random.Next(4))
        {
            case 0 when at.Length >= 2: BinaryPrimitives.WriteInt16LittleEndian(at, (short)value); break;
            case 1 when at.Length >= 4: BinaryPrimitives.WriteInt32LittleEndian(at, (int)value); break;
            case 2 when at.Length >= 4: BinaryPrimitives.WriteInt32BigEndian(at, (int)value); break;
            case 3 when at.Length >= 8: BinaryPrimitives.WriteInt64LittleEndian(at, value); break;
        }
    }
}
