using System.Buffers;

namespace BlindAI.Protocol.Tests;

/// <summary>Bytes as a network leaves them: in pieces.</summary>
internal static class Pieces
{
    /// <summary>A sequence of pieces of at most that length.</summary>
    public static ReadOnlySequence<byte> Of(ReadOnlyMemory<byte> bytes, int length)
    {
        var first = new Piece(ReadOnlyMemory<byte>.Empty, 0);
        var last = first;
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(length, bytes.Length)..])
        {
            last = last.Append(bytes[..Math.Min(length, bytes.Length)]);
        }

        return new(first, 0, last, last.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long index)
        {
            Memory = memory;
            RunningIndex = index;
        }

        public Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
