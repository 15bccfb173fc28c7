using System.Buffers;
using System.Runtime.InteropServices;

namespace BlindAI.Protocol.Tensors;

/// <summary>The bytes of a typed memory, without a copy.</summary>
internal sealed class CastMemory<T>(Memory<T> source) : MemoryManager<byte>
    where T : unmanaged
{
    public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(source.Span);

    // A pin always covers the whole source: callers slice bytes, and slices of a pinned block stay pinned.
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        var (elements, rest) = Math.DivRem(elementIndex, System.Runtime.CompilerServices.Unsafe.SizeOf<T>());
        return rest == 0
            ? source[elements..].Pin()
            : throw new NotSupportedException("A tensor is pinned at a whole element.");
    }

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
