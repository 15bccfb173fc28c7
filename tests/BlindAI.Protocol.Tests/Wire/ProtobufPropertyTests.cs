using BlindAI.Protocol.Wire;
using CsCheck;

namespace BlindAI.Protocol.Tests.Wire;

/// <summary>Reading undoes writing, and no bytes at all make the reader fail in another way than its own.</summary>
public sealed class ProtobufPropertyTests
{
    private static readonly Gen<Field> GenLeaf = Gen.OneOf(
        Gen.Select(GenNumber, Gen.ULong, Field (number, value) => new VarintField(number, value)),
        Gen.Select(GenNumber, Gen.UInt, Field (number, value) => new Fixed32Field(number, value)),
        Gen.Select(GenNumber, Gen.ULong, Field (number, value) => new Fixed64Field(number, value)),
        Gen.Select(GenNumber, Gen.Byte.Array[0, 300], Field (number, value) => new BytesField(number, Convert.ToHexString(value))),
        Gen.Select(GenNumber, Gen.String.AlphaNumeric, Field (number, value) => new TextField(number, value + "é€")),
        Gen.Select(GenNumber, Gen.Long.Array[1, 9], Field (number, value) => new PackedField(number, string.Join(' ', value))));

    private static readonly Gen<Field> GenField = Gen.Recursive<Field>((depth, inner) => depth > 3
        ? GenLeaf
        : Gen.Frequency((4, GenLeaf), (1, Gen.Select(GenNumber, inner.Array[0, 4], Field (number, fields) => new MessageField(number, fields)))));

    private static Gen<int> GenNumber => Gen.OneOf(Gen.Int[1, 20], Gen.Int[1, ProtobufReader.MaxFieldNumber]);

    [Fact]
    public void Read_WrittenMessage_GivesTheSameFields() => GenField.Array[0, 8].Sample(fields =>
    {
        var read = ReadLike(new ProtobufReader(Encode(fields)), fields);
        Assert.Equal(Show(fields), Show(read));
    });

    [Fact]
    public void Read_WrittenMessageTruncatedAnywhere_EndsEarlyOrThrowsItsOwnException() => GenField.Array[1, 5].Sample(fields =>
    {
        var bytes = Encode(fields);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.True(Walk(bytes.AsSpan(0, length)) < fields.Length);
        }
    });

    [Fact]
    public void Read_AnyBytes_ThrowsNothingButItsOwnException() => Gen.Byte.Array[0, 64].Sample(bytes => { _ = Walk(bytes); });

    [Fact]
    public void Read_WrittenMessageWithOneByteChanged_ThrowsNothingButItsOwnException() =>
        Gen.Select(GenField.Array[1, 5], Gen.Int[0, int.MaxValue], Gen.Byte).Sample((fields, position, value) =>
        {
            var bytes = Encode(fields);
            bytes[position % bytes.Length] ^= value;
            _ = Walk(bytes);
        });

    private static byte[] Encode(Field[] fields) => ProtobufWriter.Encode(fields, Write);

    private static void Write(ProtobufWriter writer, Field[] fields)
    {
        foreach (var field in fields)
        {
            switch (field)
            {
                case VarintField f: writer.WriteVarint(f.Number, f.Value); break;
                case Fixed32Field f: writer.WriteFixed32(f.Number, f.Value); break;
                case Fixed64Field f: writer.WriteFixed64(f.Number, f.Value); break;
                case BytesField f: writer.WriteBytes(f.Number, Convert.FromHexString(f.Hex)); break;
                case TextField f: writer.WriteString(f.Number, f.Value); break;
                case PackedField f: writer.WritePacked(f.Number, [.. f.Values.Split(' ').Select(value => long.Parse(value, null))]); break;
                case MessageField f: writer.WriteMessage(f.Number, f.Fields, Write); break;
            }
        }
    }

    private static List<Field> ReadLike(ProtobufReader reader, Field[] expected)
    {
        var read = new List<Field>();
        while (reader.TryReadField())
        {
            var number = reader.FieldNumber;
            switch (expected[read.Count])
            {
                case VarintField: read.Add(new VarintField(number, reader.ReadVarint())); break;
                case Fixed32Field: read.Add(new Fixed32Field(number, reader.ReadFixed32())); break;
                case Fixed64Field: read.Add(new Fixed64Field(number, reader.ReadFixed64())); break;
                case BytesField: read.Add(new BytesField(number, Convert.ToHexString(reader.ReadBytes()))); break;
                case TextField: read.Add(new TextField(number, reader.ReadString())); break;
                case PackedField: read.Add(new PackedField(number, string.Join(' ', Collect(reader.ReadVarints())))); break;
                case MessageField f: read.Add(new MessageField(number, [.. ReadLike(reader.ReadMessage(), f.Fields)])); break;
            }
        }

        return read;
    }

    private static List<long> Collect(ProtobufVarints varints)
    {
        var values = new List<long>();
        foreach (var value in varints)
        {
            values.Add((long)value);
        }

        return values;
    }

    // Reads every field in every way its wire type allows; answers how many whole fields the outermost message has, or -1 after a fault.
    private static int Walk(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return WalkFields(new ProtobufReader(bytes, maxDepth: 8));
        }
        catch (ProtobufException)
        {
            return -1;
        }
    }

    private static int WalkFields(ProtobufReader reader)
    {
        var fields = 0;
        while (reader.TryReadField())
        {
            fields++;
            if (reader.WireType != ProtobufWireType.LengthDelimited)
            {
                continue;
            }

            var asText = reader;
            var asList = reader;
            var asMessage = reader;
            Quietly(ref asText, static (ref r) => r.ReadString());
            Quietly(ref asList, static (ref r) => Collect(r.ReadVarints()));
            Quietly(ref asMessage, static (ref r) => WalkFields(r.ReadMessage()));
        }

        return fields;
    }

    private static void Quietly(ref ProtobufReader reader, ReadAction action)
    {
        try
        {
            _ = action(ref reader);
        }
        catch (ProtobufException)
        {
            // What the bytes were meant for is unknown here, so that they do not fit is an expected answer.
        }
    }

    private static string Show(IEnumerable<Field> fields) => string.Join("; ", fields.Select(field =>
        field is MessageField message ? $"{message.Number} {{ {Show(message.Fields)} }}" : field.ToString()));

    private delegate object ReadAction(ref ProtobufReader reader);

    private abstract record Field(int Number);

    private sealed record VarintField(int Number, ulong Value) : Field(Number);

    private sealed record Fixed32Field(int Number, uint Value) : Field(Number);

    private sealed record Fixed64Field(int Number, ulong Value) : Field(Number);

    private sealed record BytesField(int Number, string Hex) : Field(Number);

    private sealed record TextField(int Number, string Value) : Field(Number);

    private sealed record PackedField(int Number, string Values) : Field(Number);

    private sealed record MessageField(int Number, Field[] Fields) : Field(Number);
}
