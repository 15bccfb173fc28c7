using System.Buffers;

namespace BlindAI.OnnxWriter;

/// <summary>Takes bytes and keeps only their number: the length of a message that is too big to be built before it is sent.</summary>
internal sealed class LengthCounter : IBufferWriter<byte>
{
    private byte[] _scratch = new byte[64 * 1024];

    public long Length { get; private set; }

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (sizeHint > _scratch.Length)
        {
            _scratch = new byte[sizeHint];
        }

        return _scratch;
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
