using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BlindAI.Inference.Engines;

/// <summary>A view of native memory that ends with its owner: afterwards it throws and does not read.</summary>
internal sealed unsafe class TensorMemory : MemoryManager<byte>
{
    private readonly int _length;
    private byte* _start;

    public TensorMemory(Span<byte> native)
    {
        // The span is of native memory, which does not move.
        _start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(native));
        _length = native.Length;
    }

    public override Span<byte> GetSpan() => new(Start(), _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(Start() + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing) => _start = null;

    private byte* Start()
    {
        ObjectDisposedException.ThrowIf(_start is null && _length > 0, this);
        return _start;
    }
}
