using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace BlindAI.Protocol.Wire;

/// <summary>Walks one protobuf message field by field: a cursor that refuses, never overruns and never allocates for what a length claims.</summary>
/// <remarks>
/// Source: protobuf.dev, "Encoding". Refused: truncation, varints over 64 bits, field number 0, groups, lengths beyond what is left, a read of
/// another wire type than the field's, nesting deeper than the limit. Accepted as everywhere: fields in any order, repeated singular fields, varints
/// with padding of at most 10 bytes; what a second occurrence means is the caller's to say.
/// <code>
/// while (reader.TryReadField())
/// {
///     switch (reader.FieldNumber)
///     {
///         case 1: name = reader.ReadString(); break;
///         case 7: ReadGraph(reader.ReadMessage()); break;
///     }
/// }
/// </code>
/// A field whose value was not read is skipped, and checked, by the next <see cref="TryReadField"/>.
/// </remarks>
public ref struct ProtobufReader
{
    /// <summary>Levels of nested messages that are followed unless the caller says otherwise; the default of Google's own parsers is 100.</summary>
    public const int DefaultMaxDepth = 32;

    /// <summary>The largest field number: 29 bits of a 32-bit tag.</summary>
    public const int MaxFieldNumber = (1 << 29) - 1;

    private const int MaxVarintLength = 10;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _origin;
    private readonly int _depthLeft;
    private int _position;
    private int _fieldStart;
    private bool _hasValue;

    /// <summary>Starts at the first byte of an outermost message; <paramref name="maxDepth"/> levels of <see cref="ReadMessage"/> may follow.</summary>
    public ProtobufReader(ReadOnlySpan<byte> bytes, int maxDepth = DefaultMaxDepth)
        : this(bytes, maxDepth, origin: 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxDepth);
    }

    private ProtobufReader(ReadOnlySpan<byte> bytes, int depthLeft, int origin)
    {
        _bytes = bytes;
        _depthLeft = depthLeft;
        _origin = origin;
    }

    /// <summary>The number of the current field; 0 before the first.</summary>
    public int FieldNumber { get; private set; }

    /// <summary>The layout of the current field's value.</summary>
    public ProtobufWireType WireType { get; private set; }

    /// <summary>Where the next byte is, counted from the start of the outermost message: between a value and the next tag, or between a tag and its value.</summary>
    public readonly int Offset => _origin + _position;

    /// <summary>Moves to the next field; false at the end of the message.</summary>
    /// <exception cref="ProtobufException">The tag, or the value that was left unread, is malformed.</exception>
    public bool TryReadField()
    {
        if (_hasValue)
        {
            SkipField();
        }

        if (_position == _bytes.Length)
        {
            return false;
        }

        _fieldStart = _position;
        var tag = TakeVarint();
        (FieldNumber, WireType) = ProtobufTag.Decode(tag, _origin + _fieldStart);
        _hasValue = true;
        return true;
    }

    /// <summary>Passes over the current value, whose own length is still checked.</summary>
    public void SkipField()
    {
        switch (WireType)
        {
            case ProtobufWireType.Varint:
                _ = ReadVarint();
                break;
            case ProtobufWireType.Fixed32:
                _ = ReadFixed32();
                break;
            case ProtobufWireType.Fixed64:
                _ = ReadFixed64();
                break;
            default:
                _ = ReadBytes();
                break;
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

    /// <summary>An int32 or enum: two's complement of 64 bits, as the specification writes them.</summary>
    /// <exception cref="ProtobufException">The value does not fit, which other parsers would cut silently.</exception>
    public int ReadInt32()
    {
        var value = ReadInt64();
        return value is >= int.MinValue and <= int.MaxValue ? (int)value : throw Fault($"Field {FieldNumber} does not fit 32 bits", _fieldStart);
    }

    /// <summary>A bool: anything but 0 is true.</summary>
    public bool ReadBool() => ReadVarint() != 0;

    /// <summary>A fixed32 or sfixed32.</summary>
    public uint ReadFixed32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(ProtobufWireType.Fixed32, sizeof(uint)));

    /// <summary>A fixed64 or sfixed64.</summary>
    public ulong ReadFixed64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(ProtobufWireType.Fixed64, sizeof(ulong)));

    /// <summary>A float.</summary>
    public float ReadSingle() => BitConverter.UInt32BitsToSingle(ReadFixed32());

    /// <summary>The bytes of a length-delimited value, without a copy.</summary>
    public ReadOnlySpan<byte> ReadBytes()
    {
        Expect(ProtobufWireType.LengthDelimited);
        return TakeBytes(TakeVarint());
    }

    /// <summary>A string.</summary>
    /// <exception cref="ProtobufException">The bytes are not UTF-8.</exception>
    public string ReadString()
    {
        var bytes = ReadBytes();
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw Fault($"Field {FieldNumber} is not UTF-8", _fieldStart);
    }

    /// <summary>A reader of the nested message, one level deeper.</summary>
    /// <exception cref="ProtobufException">The limit on nesting is reached.</exception>
    public ProtobufReader ReadMessage()
    {
        var bytes = ReadBytes();
        return _depthLeft > 0
            ? new ProtobufReader(bytes, _depthLeft - 1, _origin + _position - bytes.Length)
            : throw Fault($"Field {FieldNumber} is nested deeper than the limit", _fieldStart);
    }

    /// <summary>The elements of a repeated varint field: all of a packed list, or the one of an unpacked field.</summary>
    public ProtobufVarints ReadVarints() => WireType == ProtobufWireType.Varint
        ? new ProtobufVarints(ReadVarint())
        : new ProtobufVarints(ReadBytes(), _origin + _position);

    /// <summary>The little-endian bytes of a repeated float or fixed32 field, packed or not: a multiple of 4.</summary>
    public ReadOnlySpan<byte> ReadFixed32s() => ReadFixedList(ProtobufWireType.Fixed32, sizeof(uint));

    /// <summary>The little-endian bytes of a repeated double or fixed64 field, packed or not: a multiple of 8.</summary>
    public ReadOnlySpan<byte> ReadFixed64s() => ReadFixedList(ProtobufWireType.Fixed64, sizeof(ulong));

    // Shared with ProtobufVarints. A result of 0 bytes read means that the varint does not end, or is over 64 bits.
    internal static int DecodeVarint(ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        var most = Math.Min(bytes.Length, MaxVarintLength);
        for (var index = 0; index < most; index++)
        {
            var part = bytes[index];
            if (index == MaxVarintLength - 1 && part > 1)
            {
                return 0;
            }

            value |= (ulong)(part & 0x7F) << (7 * index);
            if (part < 0x80)
            {
                return index + 1;
            }
        }

        return 0;
    }

    private ReadOnlySpan<byte> ReadFixedList(ProtobufWireType single, int size)
    {
        if (WireType == single)
        {
            return Take(single, size);
        }

        var bytes = ReadBytes();
        return bytes.Length % size == 0
            ? bytes
            : throw Fault($"The packed field {FieldNumber} does not hold whole elements of {size} bytes", _fieldStart);
    }

    private ReadOnlySpan<byte> Take(ProtobufWireType wireType, int size)
    {
        Expect(wireType);
        return TakeBytes((ulong)size);
    }

    private ReadOnlySpan<byte> TakeBytes(ulong length)
    {
        var left = _bytes.Length - _position;
        if (length > (ulong)left)
        {
            throw Fault($"Field {FieldNumber} takes {length} bytes; {left} are left", _fieldStart);
        }

        var taken = _bytes.Slice(_position, (int)length);
        _position += (int)length;
        return taken;
    }

    private ulong TakeVarint()
    {
        var length = DecodeVarint(_bytes[_position..], out var value);
        if (length == 0)
        {
            throw Fault(_bytes.Length - _position < MaxVarintLength ? "A varint does not end" : "A varint is over 64 bits", _position);
        }

        _position += length;
        return value;
    }

    private void Expect(ProtobufWireType wireType)
    {
        if (!_hasValue)
        {
            throw new InvalidOperationException("A value is read once, after TryReadField answered true.");
        }

        if (WireType != wireType)
        {
            throw Fault($"Field {FieldNumber} is {WireType}, not {wireType}", _fieldStart);
        }

        _hasValue = false;
    }

    private readonly ProtobufException Fault(string fault, int position) => new(fault, _origin + position);
}
