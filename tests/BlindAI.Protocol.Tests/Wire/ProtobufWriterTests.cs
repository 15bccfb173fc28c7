using System.Buffers;
using BlindAI.Protocol.Wire;

namespace BlindAI.Protocol.Tests.Wire;

public sealed class ProtobufWriterTests
{
    // The examples of protobuf.dev, "Encoding": 150 in field 1, "testing" in field 2, a message in field 3, packed 3, 270, 86942 in field 6.
    [Fact]
    public void Write_ExamplesOfTheSpecification_GivesItsBytes()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ProtobufWriter(output);

        writer.WriteVarint(1, 150);
        writer.WriteString(2, "testing");
        writer.WriteMessage(3, 150UL, static (nested, value) => nested.WriteVarint(1, value));
        writer.WritePacked(6, [3, 270, 86942]);
        writer.WriteInt64(1, -2);

        Assert.Equal("089601" + "120774657374696E67" + "1A03089601" + "3206038E029EA705" + "08FEFFFFFFFFFFFFFFFF01", Convert.ToHexString(output.WrittenSpan));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(ProtobufReader.MaxFieldNumber + 1)]
    public void Write_FieldNumberOutOfRange_IsMisuse(int field)
    {
        var writer = new ProtobufWriter(new ArrayBufferWriter<byte>());

        Assert.Throws<ArgumentOutOfRangeException>(() => writer.WriteBool(field, true));
    }

    [Fact]
    public void WritePacked_Empty_WritesNothing()
    {
        var bytes = ProtobufWriter.Encode(1, static (writer, field) => writer.WritePacked(field, []));

        Assert.Empty(bytes);
    }

    [Fact]
    public void WriteMessage_TwoOnOneLevel_DoNotMix()
    {
        var bytes = ProtobufWriter.Encode("ab", static (writer, text) =>
        {
            foreach (var letter in text)
            {
                writer.WriteMessage(1, letter, static (nested, value) => nested.WriteMessage(2, value, static (inner, c) => inner.WriteVarint(3, c)));
            }
        });

        Assert.Equal("0A0412021861" + "0A0412021862", Convert.ToHexString(bytes));
    }
}
