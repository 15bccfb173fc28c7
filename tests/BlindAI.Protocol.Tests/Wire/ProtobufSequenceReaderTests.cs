using System.Buffers;
using BlindAI.Protocol.Wire;
using CsCheck;

namespace BlindAI.Protocol.Tests.Wire;

/// <summary>However the bytes are cut, the reader over pieces says what the reader over a span says.</summary>
public sealed class ProtobufSequenceReaderTests
{
    [Theory]
    [InlineData("08", "a tag without its varint")]
    [InlineData("0880", "a varint that does not end")]
    [InlineData("08FFFFFFFFFFFFFFFFFF02", "a varint of 65 bits")]
    [InlineData("08808080808080808080808001", "a varint of eleven bytes")]
    [InlineData("0001", "field number 0")]
    [InlineData("8080808010", "a tag over 32 bits")]
    [InlineData("0B0C", "a group")]
    [InlineData("0E", "wire type 6")]
    [InlineData("0D010203", "a fixed32 of three bytes")]
    [InlineData("0901020304050607", "a fixed64 of seven bytes")]
    [InlineData("0A0361", "a length beyond what is left")]
    [InlineData("0AFFFFFFFFFFFFFFFFFF01", "a length of 2^64 - 1")]
    public void TryReadField_MalformedBytes_Throws(string hex, string reason)
    {
        foreach (var length in new[] { 1, 2, 3, 100 })
        {
            Assert.True(Record.Exception(() => Walk(Pieces.Of(Convert.FromHexString(hex), length))) is ProtobufException, $"{reason} in pieces of {length}");
        }
    }

    [Fact]
    public void TryReadField_AnyBytesInAnyPieces_AgreesWithTheSpanReader() => Gen.Select(Gen.Byte.Array[0, 40], Gen.Int[1, 12]).Sample((bytes, length) =>
        Assert.Equal(Outcome(() => WalkSpan(bytes)), Outcome(() => Walk(Pieces.Of(bytes, length)))));

    [Fact]
    public void ReadMessage_ValuesInPieces_AreThoseThatWereWritten() => Gen.Select(Gen.Long.Array[0, 20], Gen.String.AlphaNumeric, Gen.ULong, Gen.Int[1, 9]).Sample((numbers, text, varint, length) =>
    {
        var message = ProtobufWriter.Encode((numbers, text, varint), static (writer, value) => writer.WriteMessage(7, value, static (inner, value) =>
        {
            inner.WritePacked(1, value.numbers);
            inner.WriteInt64(1, -5);
            inner.WriteString(2, value.text);
            inner.WriteVarint(3, value.varint);
            inner.WriteBool(4, true);
            inner.WriteDouble(5, 1);
        }));
        var reader = new ProtobufSequenceReader(Pieces.Of(message, length));
        Assert.True(reader.TryReadField());
        Assert.Equal(7, reader.FieldNumber);
        var nested = reader.ReadMessage();
        var read = new long[numbers.Length + 1];
        var count = 0;
        while (nested.TryReadField())
        {
            switch (nested.FieldNumber)
            {
                case 1: count = nested.ReadInt64s(read, count); break;
                case 2: Assert.Equal(text, nested.ReadString(text.Length)); break;
                case 3: Assert.Equal(varint, nested.ReadVarint()); break;
                case 4: Assert.True(nested.ReadBool()); break;
            }
        }

        Assert.Equal([.. numbers, -5], read);
        Assert.Equal(read.Length, count);
        Assert.False(reader.TryReadField());
    });

    [Fact]
    public void ReadInt64s_MoreThanFit_SaysSoAndWritesNoFurther()
    {
        var reader = new ProtobufSequenceReader(Pieces.Of(ProtobufWriter.Encode(0, static (writer, _) => writer.WritePacked(1, [1, 2, 3, 4, 5])), 2));
        Assert.True(reader.TryReadField());
        Span<long> two = stackalloc long[2];

        Assert.Equal(3, reader.ReadInt64s(two, 0));
        Assert.Equal([1, 2], two.ToArray());
    }

    [Theory]
    [InlineData("abcd", 3)]
    [InlineData("éééé", 3)]
    [InlineData("a-very-long-text-that-is-not-even-decoded", 3)]
    public void ReadString_LongerThanTheLimit_IsNull(string text, int limit)
    {
        var reader = new ProtobufSequenceReader(Pieces.Of(ProtobufWriter.Encode(text, static (writer, text) => writer.WriteString(1, text)), 2));
        Assert.True(reader.TryReadField());

        Assert.Null(reader.ReadString(limit));
    }

    [Fact]
    public void ReadString_NotUtf8_Throws() => Assert.Throws<ProtobufException>(() =>
    {
        var reader = new ProtobufSequenceReader(Pieces.Of(new byte[] { 0x0A, 0x02, 0xC3, 0x28 }, 1));
        _ = reader.TryReadField();
        _ = reader.ReadString(10);
    });

    [Fact]
    public void ReadBytes_OfAVarint_Throws() => Assert.Throws<ProtobufException>(() =>
    {
        var reader = new ProtobufSequenceReader(Pieces.Of(new byte[] { 0x08, 0x01 }, 1));
        _ = reader.TryReadField();
        _ = reader.ReadBytes();
    });

    private static string Outcome(Func<int> walk)
    {
        try
        {
            return $"{walk()} fields";
        }
        catch (ProtobufException)
        {
            return "refused";
        }
    }

    private static int Walk(ReadOnlySequence<byte> bytes)
    {
        var reader = new ProtobufSequenceReader(bytes);
        var fields = 0;
        while (reader.TryReadField())
        {
            fields++;
        }

        return fields;
    }

    private static int WalkSpan(byte[] bytes)
    {
        var reader = new ProtobufReader(bytes);
        var fields = 0;
        while (reader.TryReadField())
        {
            fields++;
        }

        return fields;
    }
}
