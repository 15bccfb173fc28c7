using System.Text;
using BlindAI.Protocol.Grpc;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Wire;
using static BlindAI.Protocol.Tests.Refusals;

namespace BlindAI.Protocol.Tests.Grpc;

public sealed class GrpcInferenceRequestTests
{
    private static readonly ProtocolLimits Limits = new() { MaxRequestBytes = 4096, MaxTensors = 4, MaxByteStrings = 8 };

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10_000)]
    public void Parse_RawTensorsInPieces_AreThoseThatWereSent(int piece)
    {
        var message = Message(writer =>
        {
            // Data may stand before what describes it.
            writer.WriteBytes(7, [1, 2, 3, 4, 5, 6, 7, 8]);
            writer.WriteString(1, "model");
            writer.WriteString(2, "3");
            writer.WriteString(3, "id");
            Parameter(writer, 4, "timeout", value => value.WriteInt64(2, 1500));
            Parameter(writer, 4, "priority", value => value.WriteVarint(5, 7));
            Parameter(writer, 4, "blindai_model_digest", value => value.WriteString(3, "sha256:a, sha256:b"));
            Parameter(writer, 4, "other", value => value.WriteDouble(4, 1));
            Input(writer, "x", "FP32", [2]);
            Input(writer, "s", "BYTES", [1]);
            writer.WriteMessage(6, 0, static (output, _) => output.WriteString(1, "y"));
            writer.WriteBytes(7, [1, 0, 0, 0, (byte)'a']);
        });
        long taken = 0;

        using var request = GrpcInferenceRequest.Parse(Pieces.Of(message, piece), Limits, bytes => taken += bytes);

        Assert.Equal(("model", "3", "id"), (request.ModelName, request.ModelVersion, request.Header.Id));
        Assert.Equal((TimeSpan.FromMicroseconds(1500), 7UL), (request.Header.QueueTimeout, request.Header.Priority));
        Assert.Equal(["sha256:a", "sha256:b"], request.Header.ModelDigests);
        Assert.Equal(["y"], request.Header.Outputs.Select(output => output.Name));
        Assert.Equal(["x FP32[2]", "s BYTES[1]"], request.Inputs.Select(input => $"{input.Name} {input.Tensor}"));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], request.Inputs[0].Tensor.Data.ToArray());
        Assert.Equal(["a"], request.Inputs[1].Tensor.ToStrings());
        Assert.Equal(13, taken);
    }

    public static TheoryData<string, int, string, string> Typed => new()
    {
        { "BOOL", 1, "0001", "0001" },
        { "INT8", 2, "80FFFFFFFFFFFFFFFF017F", "807f" },
        { "INT16", 2, "8080FEFFFFFFFFFFFF01FFFF01", "0080ff7f" },
        { "INT32", 2, "80808080F8FFFFFFFF01FFFFFFFF07", "00000080ffffff7f" },
        { "INT64", 3, "80808080808080808001FFFFFFFFFFFFFFFF7F", "0000000000000080ffffffffffffff7f" },
        { "UINT8", 4, "00FF01", "00ff" },
        { "UINT16", 4, "00FFFF03", "0000ffff" },
        { "UINT32", 4, "00FFFFFFFF0F", "00000000ffffffff" },
        { "UINT64", 5, "00FFFFFFFFFFFFFFFFFF01", "0000000000000000ffffffffffffffff" },
        { "FP32", 6, "0000803F0000C0FF", "0000803f0000c0ff" },
        { "FP64", 7, "000000000000F03F000000000000F8FF", "000000000000f03f000000000000f8ff" },
    };

    [Theory]
    [MemberData(nameof(Typed))]
    public void Parse_TypedContents_BecomeTheBinaryForm(string datatype, int field, string packed, string binary)
    {
        foreach (var piece in new[] { 1, 5, 10_000 })
        {
            using var request = Parse(writer => Input(writer, "x", datatype, [2], contents => contents.WriteBytes(field, Convert.FromHexString(packed))), piece);
            Assert.Equal(binary, Convert.ToHexStringLower(request.Inputs[0].Tensor.Data.Span));
        }
    }

    [Fact]
    public void Parse_UnpackedAndSplitContents_AreOneList()
    {
        using var request = Parse(writer => Input(writer, "x", "INT64", [4], contents =>
        {
            contents.WriteInt64(3, 1);
            contents.WritePacked(3, [2, 3]);
            contents.WriteInt64(3, -4);
        }));

        Assert.Equal([1, 2, 3, -4], request.Inputs[0].Tensor.ToArray<long>());
    }

    [Fact]
    public void Parse_BytesContents_GetTheirLengths()
    {
        using var request = Parse(writer => Input(writer, "x", "BYTES", [3], contents =>
        {
            contents.WriteBytes(8, []);
            contents.WriteBytes(8, "é"u8);
            contents.WriteBytes(8, [0xFF, 0x00]);
        }));

        Assert.Equal("0000000002000000c3a902000000ff00", Convert.ToHexStringLower(request.Inputs[0].Tensor.Data.Span));
    }

    [Theory]
    [InlineData("FP16", 6)]
    [InlineData("BF16", 6)]
    [InlineData("FP32", 7)]
    [InlineData("INT32", 3)]
    [InlineData("BOOL", 2)]
    public void Parse_ContentsOfAnotherDatatype_AreRefused(string datatype, int field) =>
        Refuse(ServingCode.DatatypeInvalid, writer => Input(writer, "x", datatype, [1], contents => contents.WriteBytes(field, [0, 0, 0, 0, 0, 0, 0, 0])));

    [Theory]
    [InlineData("INT8", 2, 128)]
    [InlineData("INT8", 2, -129)]
    [InlineData("INT16", 2, 32768)]
    [InlineData("INT32", 2, 2147483648)]
    [InlineData("UINT8", 4, 256)]
    [InlineData("UINT8", 4, -1)]
    [InlineData("UINT16", 4, 65536)]
    [InlineData("UINT32", 4, 4294967296)]
    public void Parse_ContentsOutOfRange_AreRefused(string datatype, int field, long value) =>
        Refuse(ServingCode.DataMismatch, writer => Input(writer, "x", datatype, [1], contents => contents.WriteInt64(field, value)));

    [Theory]
    [InlineData("FP32", 6, "000000")]
    [InlineData("FP64", 7, "00000000")]
    [InlineData("INT64", 3, "FFFFFFFFFFFFFFFFFFFF01")]
    [InlineData("INT64", 3, "0180")]
    public void Parse_PackedListsThatDoNotEnd_AreRefused(string datatype, int field, string packed) =>
        Refuse(ServingCode.RequestMalformed, writer => Input(writer, "x", datatype, [1], contents => contents.WriteBytes(field, Convert.FromHexString(packed))));

    [Theory]
    [InlineData(2, 8)]
    [InlineData(3, 8)]
    [InlineData(0, 4)]
    public void Parse_RawOfAnotherLength_IsRefusedBeforeMemoryIsTaken(long elements, int length)
    {
        var message = Message(writer =>
        {
            Input(writer, "x", elements == 2 ? "FP64" : "FP32", [elements]);
            writer.WriteBytes(7, new byte[length]);
        });

        AssertCode(ServingCode.DataMismatch, () => GrpcInferenceRequest.Parse(Pieces.Of(message, 7), Limits, _ => Assert.Fail("Memory was taken.")));
    }

    [Fact]
    public void Parse_ShapeThatClaimsMore_IsRefusedBeforeMemoryIsTaken()
    {
        var message = Message(writer => Input(writer, "x", "INT64", [1L << 40], contents => contents.WriteInt64(3, 1)));

        AssertCode(ServingCode.DataMismatch, () => GrpcInferenceRequest.Parse(Pieces.Of(message, 7), Limits, bytes => Assert.InRange(bytes, 0, 64)));
    }

    [Fact]
    public void Parse_ContentsThatExpandOverTheLimit_AreRefused() =>
        Refuse(ServingCode.RequestTooLarge, writer => Input(writer, "x", "INT64", [1000], contents => contents.WritePacked(3, new long[1000])));

    [Fact]
    public void Parse_MemoryRefused_FreesWhatWasTaken()
    {
        var message = Message(writer =>
        {
            Input(writer, "x", "UINT8", [2]);
            Input(writer, "y", "UINT8", [2]);
            writer.WriteBytes(7, [1, 2]);
            writer.WriteBytes(7, [3, 4]);
        });
        var calls = 0;

        AssertCode(ServingCode.Overloaded, () => GrpcInferenceRequest.Parse(Pieces.Of(message, 7), Limits,
            _ => { if (++calls == 2) { throw new ServingException(ServingCode.Overloaded, "No."); } }));
    }

    [Fact]
    public void Parse_RawAndTyped_AreRefused() => Refuse(ServingCode.RequestMalformed, writer =>
    {
        Input(writer, "x", "INT64", [1], contents => contents.WriteInt64(3, 1));
        writer.WriteBytes(7, new byte[8]);
    });

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Parse_RawCountsThatDisagree_AreRefused(int raw) => Refuse(ServingCode.DataMismatch, writer =>
    {
        Input(writer, "x", "UINT8", [1]);
        Input(writer, "y", "UINT8", [1]);
        for (var index = 0; index < raw; index++)
        {
            writer.WriteBytes(7, [1]);
        }
    });

    [Fact]
    public void Parse_NoDataAtAll_IsRefusedButForNoElements()
    {
        Refuse(ServingCode.TensorMissing, writer => Input(writer, "x", "UINT8", [1]));
        using var request = Parse(writer => Input(writer, "x", "UINT8", [0]));
        Assert.Equal("UINT8[0]", request.Inputs[0].Tensor.ToString());
    }

    [Fact]
    public void Parse_Duplicates_AreRefused()
    {
        Refuse(ServingCode.TensorDuplicate, writer =>
        {
            Input(writer, "x", "UINT8", [0]);
            Input(writer, "x", "UINT8", [0]);
        });
        Refuse(ServingCode.TensorDuplicate, writer =>
        {
            writer.WriteMessage(6, 0, static (output, _) => output.WriteString(1, "y"));
            writer.WriteMessage(6, 0, static (output, _) => output.WriteString(1, "y"));
        });
        Refuse(ServingCode.RequestMalformed, writer => writer.WriteMessage(5, 0, static (input, _) =>
        {
            input.WriteString(2, "UINT8");
            input.WriteBytes(5, []);
            input.WriteBytes(5, []);
        }));
    }

    [Theory]
    [InlineData("FLOAT", new long[] { 1 }, ServingCode.DatatypeInvalid)]
    [InlineData("", new long[] { 1 }, ServingCode.DatatypeInvalid)]
    [InlineData("FP32", new long[] { -1 }, ServingCode.ShapeInvalid)]
    [InlineData("FP32", new long[] { 1L << 62, 1L << 62 }, ServingCode.ShapeInvalid)]
    [InlineData("FP32", new long[] { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, ServingCode.ShapeInvalid)]
    [InlineData("BYTES", new long[] { 9 }, ServingCode.RequestTooLarge)]
    public void Parse_DatatypesAndShapes_AreChecked(string datatype, long[] shape, ServingCode code) => Refuse(code, writer =>
    {
        Input(writer, "x", datatype, shape);
        writer.WriteBytes(7, []);
    });

    [Fact]
    public void Parse_OverLimits_IsRefused()
    {
        foreach (var field in new[] { 1, 2, 3 })
        {
            Refuse(ServingCode.RequestTooLarge, writer => writer.WriteString(field, new string('n', 257)));
        }

        Refuse(ServingCode.RequestTooLarge, writer => Many(5, index => Input(writer, $"i{index}", "UINT8", [0])));
        Refuse(ServingCode.RequestTooLarge, writer => Many(5, index => writer.WriteMessage(6, index, static (output, index) => output.WriteString(1, $"o{index}"))));
        Refuse(ServingCode.RequestTooLarge, writer => Many(5, _ => writer.WriteBytes(7, [])));
        Refuse(ServingCode.RequestTooLarge, writer => Parameter(writer, 4, new string('n', 257), value => value.WriteBool(1, true)));
        Refuse(ServingCode.RequestTooLarge, writer => Parameter(writer, 4, "blindai_model_digest", value => value.WriteString(3, new string('n', 4097))));

        static void Many(int count, Action<int> write)
        {
            for (var index = 0; index < count; index++)
            {
                write(index);
            }
        }
    }

    [Theory]
    [InlineData("sequence_id")]
    [InlineData("classification")]
    [InlineData("shared_memory_region")]
    [InlineData("triton_enable_empty_final_response")]
    [InlineData("blindai_receipt")]
    public void Parse_ParametersThatAreNotOffered_AreRefusedWhereverTheyStand(string name)
    {
        Refuse(ServingCode.ParameterUnsupported, writer => Parameter(writer, 4, name, value => value.WriteBool(1, true)));
        Refuse(ServingCode.ParameterUnsupported, writer => writer.WriteMessage(5, name, static (input, name) => Parameter(input, 4, name, value => value.WriteBool(1, true))));
        Refuse(ServingCode.ParameterUnsupported, writer => writer.WriteMessage(6, name, static (output, name) => Parameter(output, 2, name, value => value.WriteBool(1, true))));
    }

    [Theory]
    [InlineData("timeout", -1L)]
    [InlineData("timeout", 86_400_000_001L)]
    [InlineData("priority", -1L)]
    public void Parse_ParametersOutOfRange_AreRefused(string name, long number) =>
        Refuse(ServingCode.RequestMalformed, writer => Parameter(writer, 4, name, value => value.WriteInt64(2, number)));

    [Theory]
    [InlineData("timeout")]
    [InlineData("priority")]
    public void Parse_NumberThatIsText_IsRefused(string name) =>
        Refuse(ServingCode.RequestMalformed, writer => Parameter(writer, 4, name, value => value.WriteString(3, "1")));

    [Fact]
    public void Parse_DigestThatIsANumber_IsRefused() =>
        Refuse(ServingCode.RequestMalformed, writer => Parameter(writer, 4, "blindai_model_digest", value => value.WriteInt64(2, 1)));

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void Parse_WrongWireType_IsRefused(int field) => Refuse(ServingCode.RequestMalformed, writer => writer.WriteVarint(field, 1));

    [Fact]
    public void Parse_TruncatedAnywhere_IsRefusedOrShorter()
    {
        var message = Message(writer =>
        {
            writer.WriteString(1, "model");
            Parameter(writer, 4, "timeout", value => value.WriteInt64(2, 1500));
            Input(writer, "x", "INT32", [2], contents => contents.WritePacked(2, [1, 300]));
        });
        for (var length = 0; length < message.Length; length++)
        {
            var truncated = message.AsMemory(0, length);
            Assert.True(Record.Exception(() => Parse(truncated, 3).Dispose()) is null or ServingException, $"{length} bytes");
        }
    }

    [Fact]
    public void FindId_OfWhatIsRefused_IsTheId()
    {
        Assert.Equal("mine", GrpcInferenceRequest.FindId(Pieces.Of(Message(writer =>
        {
            writer.WriteString(3, "mine");
            writer.WriteVarint(5, 1);
        }), 2)));
        Assert.Equal("mine", GrpcInferenceRequest.FindId(Pieces.Of(Encoding.UTF8.GetBytes("\x1a\x04mine\x0b"), 2)));
        Assert.Null(GrpcInferenceRequest.FindId(Pieces.Of(Message(writer => writer.WriteString(3, new string('i', 257))), 2)));
        Assert.Null(GrpcInferenceRequest.FindId(Pieces.Of(Message(writer => writer.WriteVarint(3, 1)), 2)));
    }

    private static void Refuse(ServingCode code, Action<ProtobufWriter> write)
    {
        var message = Message(write);
        foreach (var piece in new[] { 1, 10_000 })
        {
            AssertCode(code, () => GrpcInferenceRequest.Parse(Pieces.Of(message, piece), Limits).Dispose());
        }
    }

    private static GrpcInferenceRequest Parse(Action<ProtobufWriter> write, int piece = 3) => Parse(Message(write), piece);

    private static GrpcInferenceRequest Parse(ReadOnlyMemory<byte> message, int piece) => GrpcInferenceRequest.Parse(Pieces.Of(message, piece), Limits);

    private static byte[] Message(Action<ProtobufWriter> write) => ProtobufWriter.Encode(write, static (writer, write) => write(writer));

    private static void Input(ProtobufWriter writer, string name, string datatype, long[] shape, Action<ProtobufWriter>? contents = null) =>
        writer.WriteMessage(5, 0, (input, _) =>
        {
            input.WriteString(1, name);
            input.WriteString(2, datatype);
            input.WritePacked(3, shape);
            if (contents is not null)
            {
                input.WriteMessage(5, 0, (message, _) => contents(message));
            }
        });

    private static void Parameter(ProtobufWriter writer, int field, string name, Action<ProtobufWriter> value) => writer.WriteMessage(field, 0, (entry, _) =>
    {
        entry.WriteString(1, name);
        entry.WriteMessage(2, 0, (parameter, _) => value(parameter));
    });
}
