using System.Buffers;

namespace BlindAI.OnnxWriter;

/// <summary>A small buffer before a stream.</summary>
internal sealed class StreamBuffer(Stream output) : IBufferWriter<byte>
{
    private byte[] _buffer = new byte[256 * 1024];

    private int _used;

    public void Advance(int count) => _used += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_buffer.Length - _used < Math.Max(sizeHint, 1))
        {
            Flush();
            if (sizeHint > _buffer.Length)
            {
                _buffer = new byte[sizeHint];
            }
        }

        return _buffer.AsMemory(_used);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Flush()
    {
        output.Write(_buffer, 0, _used);
        _used = 0;
    }
}
