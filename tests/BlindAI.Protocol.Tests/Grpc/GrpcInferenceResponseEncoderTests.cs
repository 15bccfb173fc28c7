using System.Buffers;
using BlindAI.Protocol.Grpc;
using BlindAI.Protocol.Tensors;
using BlindAI.Protocol.Wire;

namespace BlindAI.Protocol.Tests.Grpc;

public sealed class GrpcInferenceResponseEncoderTests
{
    private static readonly NamedTensor[] Outputs =
    [
        new("y", Tensor.From([1f, 2f], 1, 2)),
        new("none", new Tensor(TensorDatatype.Int64, new TensorShape(0), ReadOnlyMemory<byte>.Empty)),
        new("scalar", new Tensor(TensorDatatype.UInt8, new TensorShape(), new byte[] { 7 })),
        new("wide", Tensor.From(new byte[300])),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Encode_Answer_ReadsBackAndHasTheStatedLength(bool inStream)
    {
        var answer = new GrpcInferenceResponseEncoder("model", 3, "id", "sha256:d", Outputs, inStream);
        var output = new ArrayBufferWriter<byte>();
        output.Write(answer.Head.Span);
        foreach (var section in answer.Sections)
        {
            GrpcInferenceResponseEncoder.WriteSectionHeader(output, section);
            output.Write(section.Span);
        }

        Assert.Equal(answer.Length, output.WrittenCount);
        var reader = new ProtobufReader(output.WrittenSpan);
        if (inStream)
        {
            Assert.True(reader.TryReadField());
            Assert.Equal(2, reader.FieldNumber);
            var response = reader.ReadMessage();
            Assert.False(reader.TryReadField());
            reader = response;
        }

        Assert.Equal(
            [
                "1 model", "2 3", "3 id", "4 [1 blindai_model_digest, 2 [3 sha256:d]]", "5 [1 y, 2 FP32, 3 0102]", "5 [1 none, 2 INT64, 3 00]", "5 [1 scalar, 2 UINT8]",
                "5 [1 wide, 2 UINT8, 3 ac02]", "6 0000803f00000040", "6 ", "6 07", $"6 {new string('0', 600)}",
            ],
            Show(reader));
    }

    [Fact]
    public void Encode_WithoutId_HasNone()
    {
        var answer = new GrpcInferenceResponseEncoder("model", 1, null, "sha256:d", []);

        Assert.DoesNotContain(Show(new ProtobufReader(answer.Head.Span)), field => field.StartsWith("3 ", StringComparison.Ordinal));
    }

    [Fact]
    public void EncodeRefusal_OfAStream_NamesTheRequestAndTheCode()
    {
        var reader = new ProtobufReader(GrpcInferenceResponseEncoder.EncodeRefusal("It is wrong.", "id", 705));

        Assert.True(reader.TryReadField());
        Assert.Equal("It is wrong.", reader.ReadString());
        Assert.True(reader.TryReadField());
        Assert.Equal(["3 id", "4 [1 blindai_code, 2 [2 705]]"], Show(reader.ReadMessage()));
    }

    private static List<string> Show(ProtobufReader reader)
    {
        var fields = new List<string>();
        while (reader.TryReadField())
        {
            var number = reader.FieldNumber;
            fields.Add(reader.WireType == ProtobufWireType.Varint ? $"{number} {reader.ReadVarint()}"
                : number is 4 or 5 || (number == 2 && IsParameter(reader)) ? $"{number} [{string.Join(", ", Show(reader.ReadMessage()))}]"
                : number is 6 || (number == 3 && !IsText(reader)) ? $"{number} {Convert.ToHexStringLower(reader.ReadBytes())}"
                : $"{number} {reader.ReadString()}");
        }

        return fields;
    }

    // The value of a parameter begins with the tag of its only field.
    private static bool IsParameter(ProtobufReader reader) => reader.ReadBytes() is [0x10 or 0x1A, ..];

    private static bool IsText(ProtobufReader reader) => reader.ReadBytes() is [>= 0x20 and < 0x7F, ..];
}
