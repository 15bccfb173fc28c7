using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace BlindAI.Protocol.Wire;

/// <summary>Walks one protobuf message that lies in pieces, as the network left it: large values come out as the pieces they are, without a copy.</summary>
/// <remarks>
/// Source: protobuf.dev, "Encoding". It refuses what <see cref="ProtobufReader"/> refuses. Nested messages are walked with a reader of their own, made by
/// whoever knows the message; nothing here calls itself, so no depth is counted.
/// </remarks>
public ref struct ProtobufSequenceReader
{
    private const int MaxVarintLength = 10;

    private readonly int _origin;
    private SequenceReader<byte> _reader;
    private int _fieldStart;
    private bool _hasValue;

    /// <summary>Starts at the first byte of an outermost message of at most 2 GiB - 1.</summary>
    public ProtobufSequenceReader(ReadOnlySequence<byte> message)
        : this(message, origin: 0)
    {
    }

    private ProtobufSequenceReader(ReadOnlySequence<byte> message, int origin)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Length, int.MaxValue, nameof(message));
        _reader = new(message);
        _origin = origin;
    }

    /// <summary>The number of the current field; 0 before the first.</summary>
    public int FieldNumber { get; private set; }

    /// <summary>The layout of the current field's value.</summary>
    public ProtobufWireType WireType { get; private set; }

    /// <summary>Moves to the next field; false at the end of the message. A value that was not read is skipped, and checked.</summary>
    /// <exception cref="ProtobufException">The tag, or the value that was left unread, is malformed.</exception>
    public bool TryReadField()
    {
        if (_hasValue)
        {
            SkipField();
        }

        if (_reader.End)
        {
            return false;
        }

        _fieldStart = (int)_reader.Consumed;
        (FieldNumber, WireType) = ProtobufTag.Decode(TakeVarint(), _origin + _fieldStart);
        _hasValue = true;
        return true;
    }

    /// <summary>Passes over the current value, whose own length is still checked.</summary>
    public void SkipField()
    {
        switch (WireType)
        {
            case ProtobufWireType.Varint: _ = ReadVarint(); break;
            case ProtobufWireType.Fixed32: _ = Take(ProtobufWireType.Fixed32, sizeof(uint)); break;
            case ProtobufWireType.Fixed64: _ = Take(ProtobufWireType.Fixed64, sizeof(ulong)); break;
            default: _ = ReadBytes(); break;
        }
    }

    /// <summary>A uint64, uint32 or enum, as its 64 bits.</summary>
    public ulong ReadVarint()
    {
        Expect(ProtobufWireType.Varint);
        return TakeVarint();
    }

    /// <summary>An int64: two's complement, not zigzag.</summary>
    public long ReadInt64() => (long)ReadVarint();

    /// <summary>A bool: anything but 0 is true.</summary>
    public bool ReadBool() => ReadVarint() != 0;

    /// <summary>The bytes of a length-delimited value in their pieces, without a copy.</summary>
    public ReadOnlySequence<byte> ReadBytes()
    {
        Expect(ProtobufWireType.LengthDelimited);
        return TakeBytes(TakeVarint());
    }

    /// <summary>A string of at most <paramref name="maxLength"/> characters; null when it is longer.</summary>
    /// <exception cref="ProtobufException">The bytes are not UTF-8.</exception>
    public string? ReadString(int maxLength)
    {
        var bytes = ReadBytes();

        // Three bytes of UTF-8 for one UTF-16 character are the most: what is longer is not even decoded.
        if (bytes.Length > 3L * maxLength)
        {
            return null;
        }

        var text = bytes.IsSingleSegment ? Decode(bytes.FirstSpan) : Decode(bytes.ToArray());
        return text.Length <= maxLength ? text : null;
    }

    /// <summary>A reader of the nested message.</summary>
    public ProtobufSequenceReader ReadMessage()
    {
        var bytes = ReadBytes();
        return new(bytes, _origin + (int)_reader.Consumed - (int)bytes.Length);
    }

    /// <summary>Adds the elements of a repeated int64 field, packed or not, to those that are there.</summary>
    /// <returns>How many there are now; one more than <paramref name="destination"/> holds when they do not fit.</returns>
    public int ReadInt64s(scoped Span<long> destination, int count)
    {
        if (WireType == ProtobufWireType.Varint)
        {
            return Add(destination, count, ReadInt64());
        }

        var list = ReadMessage();
        while (!list._reader.End)
        {
            list._fieldStart = (int)list._reader.Consumed;
            count = Add(destination, count, (long)list.TakeVarint());
        }

        return count;
    }

    private static int Add(Span<long> destination, int count, long value)
    {
        if (count < destination.Length)
        {
            destination[count] = value;
        }

        return Math.Min(count, destination.Length) + 1;
    }

    private readonly string Decode(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw Fault($"Field {FieldNumber} is not UTF-8");

    private ReadOnlySequence<byte> Take(ProtobufWireType wireType, int size)
    {
        Expect(wireType);
        return TakeBytes((ulong)size);
    }

    private ReadOnlySequence<byte> TakeBytes(ulong length)
    {
        if (length > (ulong)_reader.Remaining)
        {
            throw Fault($"Field {FieldNumber} takes {length} bytes; {_reader.Remaining} are left");
        }

        var taken = _reader.UnreadSequence.Slice(0, (long)length);
        _reader.Advance((long)length);
        return taken;
    }

    private ulong TakeVarint()
    {
        var value = 0UL;
        for (var index = 0; index < MaxVarintLength; index++)
        {
            if (!_reader.TryRead(out var part))
            {
                throw Fault("A varint does not end");
            }

            if (index == MaxVarintLength - 1 && part > 1)
            {
                break;
            }

            value |= (ulong)(part & 0x7F) << (7 * index);
            if (part < 0x80)
            {
                return value;
            }
        }

        throw Fault("A varint is over 64 bits");
    }

    private void Expect(ProtobufWireType wireType)
    {
        if (!_hasValue)
        {
            throw new InvalidOperationException("A value is read once, after TryReadField answered true.");
        }

        if (WireType != wireType)
        {
            throw Fault($"Field {FieldNumber} is {WireType}, not {wireType}");
        }

        _hasValue = false;
    }

    private readonly ProtobufException Fault(string fault) => new(fault, _origin + _fieldStart);
}
