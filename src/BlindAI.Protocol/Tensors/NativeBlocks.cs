using System.Numerics;
using System.Runtime.InteropServices;

namespace BlindAI.Protocol.Tensors;

/// <summary>Blocks of native memory that are used again: aligned, and all zero when they are taken.</summary>
/// <remarks>
/// A fresh block of an image's size costs a page fault for every 4 KiB, more than the copy into it. Whoever gives a block back zeroes what he wrote, so that nobody else's bytes
/// are ever in it. Blocks are powers of two; their slots are taken and filled without a lock or an allocation.
/// </remarks>
public static unsafe class NativeBlocks
{
    /// <summary>Alignment in bytes: that of a cache line and of the widest vector register.</summary>
    public const int Alignment = 64;

    /// <summary>Most bytes that are kept for later.</summary>
    public const long MaxKeptBytes = 16L << 20;

    private const int SmallestShift = 8;

    private const int LargestShift = 26;

    private const int SlotsPerSize = 32;

    private static readonly nint[] Slots = new nint[(LargestShift - SmallestShift + 1) * SlotsPerSize];

    private static long _kept;

    /// <summary>Bytes that are kept and in nobody's use.</summary>
    public static long KeptBytes => Volatile.Read(ref _kept);

    /// <summary>Takes a block of at least that many bytes.</summary>
    internal static void* Take(int length)
    {
        var size = SizeOf(length);
        if (SlotsOf(size) is var slots && !slots.IsEmpty)
        {
            for (var index = 0; index < slots.Length; index++)
            {
                if (Volatile.Read(ref slots[index]) != 0 && Interlocked.Exchange(ref slots[index], 0) is var kept and not 0)
                {
                    _ = Interlocked.Add(ref _kept, -size);
                    return (void*)kept;
                }
            }
        }

        // Zeroed by the system, which gives a large block's pages only as they are written: a length that was announced and never came takes no memory.
        var start = (nuint)NativeMemory.AllocZeroed((nuint)size + Alignment);
        var block = (nuint*)((start + Alignment) & ~(nuint)(Alignment - 1));
        block[-1] = start;
        return block;
    }

    /// <summary>Gives a block of <paramref name="length"/> bytes back; its first <paramref name="written"/> bytes, all that its user wrote, are zeroed.</summary>
    internal static void Return(void* block, int length, int written)
    {
        NativeMemory.Clear(block, (nuint)written);
        var size = SizeOf(length);
        var slots = SlotsOf(size);
        if (!slots.IsEmpty && Interlocked.Add(ref _kept, size) <= MaxKeptBytes)
        {
            for (var index = 0; index < slots.Length; index++)
            {
                if (Volatile.Read(ref slots[index]) == 0 && Interlocked.CompareExchange(ref slots[index], (nint)block, 0) == 0)
                {
                    return;
                }
            }
        }

        if (!slots.IsEmpty)
        {
            _ = Interlocked.Add(ref _kept, -size);
        }

        NativeMemory.Free((void*)((nuint*)block)[-1]);
    }

    // An empty tensor takes a block too: a pointer to no memory would look disposed. Over the largest size, exactly what is needed.
    private static long SizeOf(int length) => length > 1 << LargestShift ? length : Math.Max(1L << SmallestShift, (long)BitOperations.RoundUpToPowerOf2((uint)length));

    private static Span<nint> SlotsOf(long size) => size > 1 << LargestShift
        ? []
        : Slots.AsSpan((BitOperations.Log2((ulong)size) - SmallestShift) * SlotsPerSize, SlotsPerSize);
}
