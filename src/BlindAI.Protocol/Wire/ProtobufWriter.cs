using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace BlindAI.Protocol.Wire;

/// <summary>Writes one protobuf message, field by field, in the order of the calls.</summary>
/// <remarks>
/// Source: protobuf.dev, "Encoding". Every call writes its field, defaults included: what proto3 leaves out, the caller leaves out. A nested message
/// is built in a buffer of its own, since its length comes first; large payloads belong near the top, where they are copied once.
/// </remarks>
public sealed class ProtobufWriter
{
    private const int MaxVarintLength = 10;

    private readonly IBufferWriter<byte> _output;
    private ArrayBufferWriter<byte>? _nestedBuffer;
    private ProtobufWriter? _nested;

    /// <summary>Appends to <paramref name="output"/>.</summary>
    public ProtobufWriter(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        _output = output;
    }

    /// <summary>The bytes of the message that <paramref name="write"/> writes.</summary>
    public static byte[] Encode<T>(T value, Action<ProtobufWriter, T> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var output = new ArrayBufferWriter<byte>();
        write(new ProtobufWriter(output), value);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>A uint64, uint32 or enum.</summary>
    public void WriteVarint(int field, ulong value)
    {
        WriteTag(field, ProtobufWireType.Varint);
        WriteRawVarint(value);
    }

    /// <summary>An int64, int32 or enum: two's complement of 64 bits, so a negative value takes ten bytes.</summary>
    public void WriteInt64(int field, long value) => WriteVarint(field, (ulong)value);

    /// <summary>A bool.</summary>
    public void WriteBool(int field, bool value) => WriteVarint(field, value ? 1UL : 0UL);

    /// <summary>A fixed32.</summary>
    public void WriteFixed32(int field, uint value)
    {
        WriteTag(field, ProtobufWireType.Fixed32);
        BinaryPrimitives.WriteUInt32LittleEndian(_output.GetSpan(sizeof(uint)), value);
        _output.Advance(sizeof(uint));
    }

    /// <summary>A fixed64.</summary>
    public void WriteFixed64(int field, ulong value)
    {
        WriteTag(field, ProtobufWireType.Fixed64);
        BinaryPrimitives.WriteUInt64LittleEndian(_output.GetSpan(sizeof(ulong)), value);
        _output.Advance(sizeof(ulong));
    }

    /// <summary>A float.</summary>
    public void WriteSingle(int field, float value) => WriteFixed32(field, BitConverter.SingleToUInt32Bits(value));

    /// <summary>A double.</summary>
    public void WriteDouble(int field, double value) => WriteFixed64(field, BitConverter.DoubleToUInt64Bits(value));

    /// <summary>Bytes, an already encoded message, or a packed list of fixed elements in little-endian order.</summary>
    public void WriteBytes(int field, ReadOnlySpan<byte> value)
    {
        WriteBytesHeader(field, value.Length);
        _output.Write(value);
    }

    /// <summary>What stands before bytes that are written by somebody else.</summary>
    public void WriteBytesHeader(int field, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        WriteTag(field, ProtobufWireType.LengthDelimited);
        WriteRawVarint((ulong)length);
    }

    /// <summary>How many bytes <see cref="WriteBytes"/> writes for a value of that length.</summary>
    public static long LengthOfBytes(int field, int length) => LengthOf((ulong)field << 3) + LengthOf((ulong)length) + (long)length;

    /// <summary>A string, as UTF-8.</summary>
    public void WriteString(int field, ReadOnlySpan<char> value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        WriteTag(field, ProtobufWireType.LengthDelimited);
        WriteRawVarint((ulong)length);
        _ = Encoding.UTF8.GetBytes(value, _output);
    }

    /// <summary>A nested message, written by <paramref name="write"/> with a writer that is valid during the call only.</summary>
    public void WriteMessage<T>(int field, T value, Action<ProtobufWriter, T> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        _nestedBuffer ??= new ArrayBufferWriter<byte>();
        _nestedBuffer.ResetWrittenCount();
        _nested ??= new ProtobufWriter(_nestedBuffer);
        write(_nested, value);
        WriteBytes(field, _nestedBuffer.WrittenSpan);
    }

    /// <summary>A packed list of int64 or int32; nothing when it is empty.</summary>
    public void WritePacked(int field, ReadOnlySpan<long> values)
    {
        if (values.IsEmpty)
        {
            return;
        }

        var length = 0;
        foreach (var value in values)
        {
            length += LengthOf((ulong)value);
        }

        WriteTag(field, ProtobufWireType.LengthDelimited);
        WriteRawVarint((ulong)length);
        foreach (var value in values)
        {
            WriteRawVarint((ulong)value);
        }
    }

    private static int LengthOf(ulong value) => 1 + (System.Numerics.BitOperations.Log2(value | 1) / 7);

    private void WriteTag(int field, ProtobufWireType wireType)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(field, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(field, ProtobufReader.MaxFieldNumber);
        WriteRawVarint(((ulong)field << 3) | (ulong)wireType);
    }

    private void WriteRawVarint(ulong value)
    {
        var span = _output.GetSpan(MaxVarintLength);
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        _output.Advance(length);
    }
}
