using System.Buffers.Binary;

namespace BlindAI.Attestation.Evidence;

/// <summary>A cursor over untrusted bytes that rejects and never overruns. Little-endian, as every vendor's report is.</summary>
internal ref struct EvidenceReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    /// <exception cref="AttestationException"><see cref="RejectionCode.Truncated"/>.</exception>
    public ReadOnlySpan<byte> ReadBytes(int count)
    {
        Reject.Unless(count <= _bytes.Length - Position, RejectionCode.Truncated, $"The evidence ends at byte {_bytes.Length}, inside a field of {count} bytes at {Position}.");
        var field = _bytes.Slice(Position, count);
        Position += count;
        return field;
    }

    /// <exception cref="AttestationException"><see cref="RejectionCode.Truncated"/>.</exception>
    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(ReadBytes(sizeof(ushort)));

    /// <exception cref="AttestationException"><see cref="RejectionCode.Truncated"/>.</exception>
    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(sizeof(uint)));

    /// <exception cref="AttestationException"><see cref="RejectionCode.TrailingBytes"/>.</exception>
    public readonly void ExpectEnd() => Reject.Unless(Position == _bytes.Length, RejectionCode.TrailingBytes, $"{_bytes.Length - Position} bytes follow the end of the evidence.");
}
