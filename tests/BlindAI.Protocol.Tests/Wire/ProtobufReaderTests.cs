using BlindAI.Protocol.Wire;

namespace BlindAI.Protocol.Tests.Wire;

public sealed class ProtobufReaderTests
{
    [Theory]
    [InlineData("08", 1, "a tag without its varint")]
    [InlineData("0880", 1, "a varint that does not end")]
    [InlineData("08808080808080808080808001", 1, "a varint of eleven bytes and more")]
    [InlineData("08FFFFFFFFFFFFFFFFFF02", 1, "a varint of 65 bits")]
    [InlineData("0001", 0, "field number 0")]
    [InlineData("8080808010", 0, "a tag over 32 bits")]
    [InlineData("0B0C", 0, "a group")]
    [InlineData("0C", 0, "the end of a group")]
    [InlineData("0E", 0, "wire type 6")]
    [InlineData("0F", 0, "wire type 7")]
    [InlineData("0D010203", 0, "a fixed32 of three bytes")]
    [InlineData("0901020304050607", 0, "a fixed64 of seven bytes")]
    [InlineData("0A0361", 0, "a length beyond what is left")]
    [InlineData("0AFFFFFFFF0F", 0, "a length of 2^32 - 1")]
    [InlineData("0AFFFFFFFFFFFFFFFFFF01", 0, "a length of 2^64 - 1")]
    [InlineData("10010880", 3, "a good field before the bad one")]
    public void TryReadField_MalformedBytes_NamesFaultAndOffset(string hex, int offset, string reason)
    {
        var fault = Assert.Throws<ProtobufException>(() => WalkAll(Convert.FromHexString(hex)));

        Assert.True(fault.Offset == offset, $"{reason}: {fault.Message}");
        Assert.Contains($"(offset {offset})", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("0800", 1)]
    [InlineData("08FFFFFFFFFFFFFFFFFF01", 1)]
    [InlineData("088000", 1)]
    [InlineData("F8FFFFFF0F00", 1)]
    [InlineData("0A00120161", 2)]
    public void TryReadField_WellFormedBytes_CountsFields(string hex, int fields) =>
        Assert.Equal(fields, WalkAll(Convert.FromHexString(hex)));

    [Fact]
    public void TryReadField_LargestFieldNumber_IsRead()
    {
        var reader = new ProtobufReader(Convert.FromHexString("F8FFFFFF0F00"));

        Assert.True(reader.TryReadField());
        Assert.Equal(ProtobufReader.MaxFieldNumber, reader.FieldNumber);
    }

    [Fact]
    public void ReadMessage_AtTheLimit_IsReadAndBeyondItRefused()
    {
        Assert.Equal(3, DescendAll(Nested(3), maxDepth: 3));
        Assert.Throws<ProtobufException>(() => DescendAll(Nested(4), maxDepth: 3));
    }

    [Fact]
    public void ReadMessage_FaultInside_CountsFromTheOutermostMessage()
    {
        var fault = Assert.Throws<ProtobufException>(() => DescendAll([0x0A, 0x05, 0x0A, 0x03, 0x08, 0x01, 0x00], maxDepth: 5));

        Assert.Equal(6, fault.Offset);
    }

    [Fact]
    public void ReadBytes_OfVarintField_IsRefused() => Assert.Throws<ProtobufException>(() =>
    {
        var reader = new ProtobufReader([0x08, 0x01]);
        _ = reader.TryReadField();
        _ = reader.ReadBytes();
    });

    [Fact]
    public void ReadVarint_Twice_IsMisuse() => Assert.Throws<InvalidOperationException>(() =>
    {
        var reader = new ProtobufReader([0x08, 0x01, 0x02]);
        _ = reader.TryReadField();
        _ = reader.ReadVarint();
        _ = reader.ReadVarint();
    });

    [Fact]
    public void ReadInt32_Over32Bits_IsRefused() => Assert.Throws<ProtobufException>(() =>
    {
        var reader = new ProtobufReader([0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]);
        _ = reader.TryReadField();
        _ = reader.ReadInt32();
    });

    [Fact]
    public void ReadString_NotUtf8_IsRefusedWithoutTheContents()
    {
        var fault = Assert.Throws<ProtobufException>(() =>
        {
            var reader = new ProtobufReader([0x0A, 0x04, (byte)'k', (byte)'e', (byte)'y', 0xFF]);
            _ = reader.TryReadField();
            _ = reader.ReadString();
        });

        Assert.DoesNotContain("key", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0A0101", new ulong[] { 1 })]
    [InlineData("0801", new ulong[] { 1 })]
    [InlineData("0A00", new ulong[0])]
    [InlineData("0A03018002", new ulong[] { 1, 256 })]
    public void ReadVarints_PackedOrNot_ReadsEveryElement(string hex, ulong[] expected)
    {
        var reader = new ProtobufReader(Convert.FromHexString(hex));
        var values = new List<ulong>();
        Assert.True(reader.TryReadField());
        foreach (var value in reader.ReadVarints())
        {
            values.Add(value);
        }

        Assert.Equal(expected, values);
    }

    [Fact]
    public void ReadVarints_LastElementCut_IsRefusedWhereItStarts()
    {
        var fault = Assert.Throws<ProtobufException>(() =>
        {
            var reader = new ProtobufReader([0x0A, 0x02, 0x01, 0x80, 0x10, 0x01]);
            _ = reader.TryReadField();
            foreach (var _ in reader.ReadVarints())
            {
            }
        });

        Assert.Equal(3, fault.Offset);
    }

    [Fact]
    public void ReadFixed32s_PartOfAnElement_IsRefused() => Assert.Throws<ProtobufException>(() =>
    {
        var reader = new ProtobufReader([0x0A, 0x05, 1, 2, 3, 4, 5]);
        _ = reader.TryReadField();
        _ = reader.ReadFixed32s();
    });

    private static int WalkAll(byte[] bytes)
    {
        var reader = new ProtobufReader(bytes);
        var fields = 0;
        while (reader.TryReadField())
        {
            fields++;
        }

        return fields;
    }

    private static int DescendAll(byte[] bytes, int maxDepth)
    {
        var reader = new ProtobufReader(bytes, maxDepth);
        var depth = 0;
        while (reader.TryReadField())
        {
            if (reader.WireType == ProtobufWireType.LengthDelimited)
            {
                reader = reader.ReadMessage();
                depth++;
            }
        }

        return depth;
    }

    private static byte[] Nested(int levels)
    {
        byte[] message = [];
        for (var level = 0; level < levels; level++)
        {
            message = ProtobufWriter.Encode(message, static (writer, inner) => writer.WriteBytes(1, inner));
        }

        return message;
    }
}
