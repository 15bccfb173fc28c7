using System.Buffers;
using System.Runtime.InteropServices;

namespace BlindAI.Protocol.Tensors;

/// <summary>A block of native memory for tensor data: 64-byte aligned for vector kernels, never moved, zeroed before it is given back.</summary>
/// <remarks>Whoever takes a block disposes it. There is no finalizer: it could free memory that a span still views.</remarks>
public sealed unsafe class NativeBuffer : MemoryManager<byte>
{
    /// <summary>Alignment in bytes: that of a cache line and of the widest vector register.</summary>
    public const int Alignment = 64;

    private readonly int _length;

    private void* _pointer;

    /// <summary>Takes a block; its contents are undefined until written.</summary>
    public NativeBuffer(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _length = length;
        _pointer = NativeMemory.AlignedAlloc((nuint)Math.Max(length, 1), Alignment);
        if (length > 0)
        {
            GC.AddMemoryPressure(length);
        }
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_pointer is null, this);
        return new(_pointer, _length);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_pointer is null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_length, nameof(elementIndex));
        return new((byte*)_pointer + elementIndex, pinnable: this);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_pointer is null)
        {
            return;
        }

        NativeMemory.Clear(_pointer, (nuint)_length);
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
        if (_length > 0)
        {
            GC.RemoveMemoryPressure(_length);
        }
    }
}
