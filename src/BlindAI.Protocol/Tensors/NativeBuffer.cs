using System.Buffers;

namespace BlindAI.Protocol.Tensors;

/// <summary>A block of native memory for tensor data: aligned for vector kernels, never moved, zeroed before anybody else gets it.</summary>
/// <remarks>Whoever takes a block disposes it. There is no finalizer: it could give back memory that a span still views.</remarks>
public sealed unsafe class NativeBuffer : MemoryManager<byte>
{
    private readonly int _length;

    private void* _pointer;

    /// <summary>Takes a block.</summary>
    public NativeBuffer(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _length = length;
        Written = length;
        _pointer = NativeBlocks.Take(length);
    }

    /// <summary>
    /// Bytes from the start that may have been written; the rest is zero as it was. Whoever fills a buffer with what arrives says so, since zeroing what never came would cost
    /// the memory that it does not take.
    /// </summary>
    internal int Written { get; set; }

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
        if (_pointer is not null)
        {
            NativeBlocks.Return(_pointer, _length, Written);
            _pointer = null;
        }
    }
}
