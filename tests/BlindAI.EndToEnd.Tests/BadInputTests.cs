using System.IO.Compression;
using System.Text;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;

namespace BlindAI.EndToEnd.Tests;

public sealed class BadInputTests(StrictServer server) : BadInputTest(server), IClassFixture<StrictServer>
{
    private const string A = """{"name":"a","datatype":"FP32","shape":[1,2],"data":[1,2]}""";
    private const string B = """{"name":"b","datatype":"FP32","shape":[1,2],"data":[3,4]}""";

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"inputs":[""")]
    [InlineData("""{"inputs":[{"name":"a","datatype":"FP32","shape":[1,2],"data":[1,""")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"inputs":{}}""")]
    [InlineData("""{"inputs":[[]]}""")]
    [InlineData("""{"inputs":[]} trailing""")]
    [InlineData("""{"inputs":[{"name":1,"datatype":"FP32","shape":[1,2],"data":[1,2]}]}""")]
    [InlineData("""{"inputs":[{"datatype":"FP32","shape":[1,2],"data":[1,2]}]}""")]
    [InlineData("""{"inputs":[{"name":"a","shape":[1,2],"data":[1,2]}]}""")]
    [InlineData("""{"inputs":[{"name":"a","datatype":"FP32","data":[1,2]}]}""")]
    [InlineData("""{"id":"\ud800","inputs":[]}""")]
    public async Task Infer_BrokenJson_IsRefused(string json) => (await Server.InferAsync(json)).AssertRefusal(400, ServingCode.RequestMalformed);

    [Fact]
    public async Task Infer_JsonTruncatedAnywhere_IsRefused()
    {
        for (var length = 0; length < StrictServer.GoodRequest.Length; length += 7)
        {
            (await Server.InferAsync(StrictServer.GoodRequest[..length])).AssertRefusal(400, ServingCode.RequestMalformed);
        }
    }

    [Fact]
    public async Task Infer_JsonNestedTooDeep_IsRefused() =>
        (await Server.InferAsync($$"""{"inputs":[{"name":"a","datatype":"FP32","shape":[1,2],"data":{{new string('[', 10_000)}}""")).AssertRefusal(400, ServingCode.RequestMalformed);

    [Theory]
    [InlineData("{\"\xff\xfe")]
    [InlineData("{\"inputs\":[{\"name\":\"\xff\xfe\"}]}")]
    [InlineData("{\"\xc3\":1}")]
    public async Task Infer_BytesThatAreNotText_AreRefused(string latin1) => (await Server.InferAsync(Encoding.Latin1.GetBytes(latin1))).AssertRefusal(400, ServingCode.RequestMalformed);

    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-Infinity")]
    public async Task Infer_NumberThatJsonLacks_IsRefusedWithTheWayOut(string literal) =>
        (await Server.InferAsync($$"""{"inputs":[{"name":"a","datatype":"FP32","shape":[1,2],"data":[{{literal}},2]},{{B}}]}""")).AssertRefusal(400, ServingCode.NumberNotFinite, hasHint: true);

    [Theory]
    [InlineData("1e400", "FP32")]
    [InlineData("\"NaN\"", "FP32")]
    [InlineData($"\"{Secret}\"", "FP32")]
    [InlineData("true", "FP32")]
    [InlineData("null", "FP32")]
    [InlineData("{}", "FP32")]
    [InlineData("256", "UINT8")]
    [InlineData("-1", "UINT8")]
    [InlineData("1.5", "INT32")]
    [InlineData("9223372036854775808", "INT64")]
    [InlineData("2", "BOOL")]
    [InlineData("1", "BYTES")]
    public async Task Infer_ValueOfAnotherType_IsRefused(string value, string datatype) =>
        (await InferTypedAsync(datatype, Encoding.UTF8.GetBytes(value))).AssertRefusal(400, ServingCode.DataMismatch);

    [Fact]
    public async Task Infer_StringThatIsNotText_IsRefused() =>
        (await InferTypedAsync("BYTES", [(byte)'"', 0xff, (byte)'"'])).AssertRefusal(400, ServingCode.RequestMalformed);

    [Theory]
    [InlineData("FP64")]
    [InlineData("INT32")]
    public async Task Infer_DatatypeNotTheModels_IsRefused(string datatype) =>
        (await Server.InferAsync($$"""{"inputs":[{"name":"a","datatype":"{{datatype}}","shape":[1,2],"data":[1,2]},{{B}}]}""")).AssertRefusal(400, ServingCode.DatatypeInvalid);

    [Theory]
    [InlineData("FLOAT")]
    [InlineData("fp32")]
    [InlineData("")]
    [InlineData("STRING")]
    public async Task Infer_UnknownDatatype_IsRefusedWithTheNames(string datatype) =>
        (await Server.InferAsync($$"""{"inputs":[{"name":"a","datatype":"{{datatype}}","shape":[1,2],"data":[1,2]},{{B}}]}""")).AssertRefusal(400, ServingCode.DatatypeInvalid, hasHint: true);

    [Theory]
    [InlineData("FP16")]
    [InlineData("BF16")]
    public async Task Infer_DatatypeWithoutJsonForm_IsRefusedWithTheWayOut(string datatype) =>
        (await InferTypedAsync(datatype, "1"u8.ToArray())).AssertRefusal(400, ServingCode.DatatypeInvalid, hasHint: true);

    [Theory]
    [InlineData("[4294967296,4294967296]")]
    [InlineData("[9223372036854775807,2]")]
    [InlineData("[3037000500,3037000500,3037000500]")]
    [InlineData("[-1,2]")]
    [InlineData("[1.5,2]")]
    [InlineData("[\"1\",2]")]
    [InlineData("[9223372036854775808]")]
    [InlineData("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]")]
    public async Task Infer_ShapeThatCannotBe_IsRefused(string shape)
    {
        (await Server.InferAsync($$"""{"inputs":[{"name":"a","datatype":"FP32","shape":{{shape}},"data":[1,2]},{{B}}]}""")).AssertRefusal(400, ServingCode.ShapeInvalid);
        (await Server.InferBinaryAsync($$"""{"inputs":[{"name":"a","datatype":"FP32","shape":{{shape}},"parameters":{"binary_data_size":8} },{{B}}]}""", new byte[8])).AssertRefusal(400, ServingCode.ShapeInvalid);
    }

    [Fact]
    public async Task Infer_ShapeWhoseBytesOverflow_IsRefused() =>
        (await Server.InferBinaryAsync($$"""{"inputs":[{"name":"a","datatype":"FP32","shape":[2305843009213693952,2],"parameters":{"binary_data_size":8} },{{B}}]}""", new byte[8])).AssertRefusal(400, ServingCode.ShapeInvalid);

    [Theory]
    [InlineData("[2]")]
    [InlineData("[1,2,1]")]
    [InlineData("[2,1]")]
    public async Task Infer_ShapeNotTheModels_IsRefused(string shape) =>
        (await Server.InferAsync($$"""{"inputs":[{"name":"a","datatype":"FP32","shape":{{shape}},"data":[1,2]},{{B}}]}""")).AssertRefusal(400, ServingCode.ShapeInvalid);

    [Theory]
    [InlineData("[]")]
    [InlineData("[1]")]
    [InlineData("[1,2,3]")]
    [InlineData("[[1,2],[3,4]]")]
    [InlineData("[[1],[2]]")]
    [InlineData("[[[1,2]]]")]
    [InlineData("[[1,2],3]")]
    [InlineData("[1,[2]]")]
    [InlineData("1")]
    public async Task Infer_JsonDataThatDoesNotFillTheShape_IsRefused(string data) =>
        (await Server.InferAsync($$"""{"inputs":[{"name":"a","datatype":"FP32","shape":[1,2],"data":{{data}}},{{B}}]}""")).AssertRefusal(400, ServingCode.DataMismatch);

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(9)]
    [InlineData(16)]
    public async Task Infer_BinarySizeNotTheShapes_IsRefused(int size) =>
        (await Server.InferBinaryAsync($$"""{"inputs":[{"name":"a","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":{{size}} } },{{B}}]}""", new byte[size])).AssertRefusal(400, ServingCode.DataMismatch);

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(9)]
    public async Task Infer_BinaryBodyShorterOrLongerThanStated_IsRefused(int length) =>
        (await Server.InferBinaryAsync($$"""{"inputs":[{"name":"a","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8} },{{B}}]}""", new byte[length])).AssertRefusal(400, ServingCode.RequestMalformed);

    [Theory]
    [InlineData("-8")]
    [InlineData("8.5")]
    [InlineData("\"8\"")]
    [InlineData("9223372036854775808")]
    public async Task Infer_BinarySizeThatIsNoNumber_IsRefused(string size) =>
        (await Server.InferBinaryAsync($$"""{"inputs":[{"name":"a","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":{{size}} } },{{B}}]}""", new byte[8])).AssertRefusal(400, ServingCode.RequestMalformed);

    [Fact]
    public async Task Infer_BinarySizeOverTheLimit_IsRefused() =>
        (await Server.InferBinaryAsync($$"""{"inputs":[{"name":"a","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":2147483647} },{{B}}]}""", new byte[8])).AssertRefusal(413, ServingCode.RequestTooLarge);

    [Fact]
    public async Task Infer_BinarySizeWithoutTheHeader_IsRefusedWithTheHeadersName()
    {
        var answer = await Server.InferAsync($$"""{"inputs":[{"name":"a","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8} },{{B}}]}""");

        answer.AssertRefusal(400, ServingCode.RequestMalformed, hasHint: true);
        Assert.Contains(HeaderNames.InferenceHeaderContentLength, answer.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("x")]
    [InlineData("1e3")]
    [InlineData("2147483648")]
    [InlineData("99999999999999999999")]
    [InlineData("100000")]
    public async Task Infer_HeaderLengthThatCannotBe_IsRefused(string length)
    {
        var answer = await Server.InferBinaryAsync(StrictServer.GoodRequest, [], headerLength: length);

        answer.AssertRefusal(length == "100000" ? 413 : 400, length == "100000" ? ServingCode.RequestTooLarge : ServingCode.RequestMalformed);
    }

    [Fact]
    public async Task Infer_HeaderLengthLargerThanTheBody_IsRefused() =>
        (await Server.InferBinaryAsync(StrictServer.GoodRequest, [], headerLength: $"{StrictServer.GoodRequest.Length + 1}")).AssertRefusal(400, ServingCode.RequestMalformed);

    [Fact]
    public async Task Infer_HeaderLengthZeroForTwoInputs_IsRefused() => (await Server.InferBinaryAsync("", new byte[8], headerLength: "0")).AssertRefusal(400, ServingCode.TensorMissing, hasHint: true);

    [Fact]
    public async Task Infer_DataAndBinarySize_IsRefused() =>
        (await Server.InferBinaryAsync($$"""{"inputs":[{"name":"a","datatype":"FP32","shape":[1,2],"data":[1,2],"parameters":{"binary_data_size":8} },{{B}}]}""", new byte[8])).AssertRefusal(400, ServingCode.RequestMalformed);

    [Fact]
    public async Task Infer_InputWithoutData_IsRefused() =>
        (await Server.InferAsync($$"""{"inputs":[{"name":"a","datatype":"FP32","shape":[1,2]},{{B}}]}""")).AssertRefusal(400, ServingCode.TensorMissing);

    [Fact]
    public async Task Infer_DuplicateInput_IsRefused() => (await Server.InferAsync($$"""{"inputs":[{{A}},{{A}},{{B}}]}""")).AssertRefusal(400, ServingCode.TensorDuplicate);

    [Fact]
    public async Task Infer_DuplicateOutput_IsRefused() =>
        (await Server.InferAsync($$"""{"inputs":[{{A}},{{B}}],"outputs":[{"name":"sum"},{"name":"sum"}]}""")).AssertRefusal(400, ServingCode.TensorDuplicate);

    [Fact]
    public async Task Infer_UnknownInput_IsRefused() =>
        (await Server.InferAsync($$"""{"inputs":[{{A}},{{B}},{"name":"c","datatype":"FP32","shape":[1],"data":[1]}]}""")).AssertRefusal(400, ServingCode.TensorUnknown, hasHint: true);

    [Fact]
    public async Task Infer_UnknownOutput_IsRefused() => (await Server.InferAsync($$"""{"inputs":[{{A}},{{B}}],"outputs":[{"name":"y"}] }""")).AssertRefusal(400, ServingCode.TensorUnknown, hasHint: true);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"inputs":[]}""")]
    [InlineData($$"""{"inputs":[{{A}}]}""")]
    public async Task Infer_MissingInput_IsRefused(string json) => (await Server.InferAsync(json)).AssertRefusal(400, ServingCode.TensorMissing);

    [Fact]
    public async Task Infer_TooManyInputs_IsRefused()
    {
        var inputs = string.Join(',', Enumerable.Range(0, 300).Select(index => $$"""{"name":"i{{index}}","datatype":"FP32","shape":[0],"data":[]}"""));

        (await Server.InferAsync($$"""{"inputs":[{{inputs}}]}""")).AssertRefusal(413, ServingCode.RequestTooLarge);
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("good/versions/2")]
    public async Task Infer_UnknownModelOrVersion_IsRefused(string model)
    {
        (await Server.InferAsync(StrictServer.GoodRequest, model)).AssertRefusal(404, ServingCode.ModelNotFound, hasHint: true);
        (await Server.SendAsync(HttpMethod.Get, $"/v2/models/{model}")).AssertRefusal(404, ServingCode.ModelNotFound, hasHint: true);
        (await Server.SendAsync(HttpMethod.Get, $"/v2/models/{model}/ready")).AssertRefusal(404, ServingCode.ModelNotFound, hasHint: true);
        (await Server.SendAsync(HttpMethod.Delete, $"/v2/models/{model}")).AssertRefusal(404, ServingCode.ModelNotFound, hasHint: true);
    }

    [Theory]
    [InlineData("sequence_id", "7")]
    [InlineData("sequence_start", "true")]
    [InlineData("sequence_end", "true")]
    [InlineData("triton_enable_empty_final_response", "true")]
    [InlineData("shared_memory_region", "\"r\"")]
    public async Task Infer_ParameterNotOffered_IsRefused(string name, string value) =>
        (await Server.InferAsync($$"""{"parameters":{"{{name}}":{{value}}},"inputs":[{{A}},{{B}}]}""")).AssertRefusal(501, ServingCode.ParameterUnsupported, hasHint: true);

    [Fact]
    public async Task Infer_ClassificationAskedFor_IsRefused() =>
        (await Server.InferAsync($$"""{"inputs":[{{A}},{{B}}],"outputs":[{"name":"sum","parameters":{"classification":1} }]}""")).AssertRefusal(501, ServingCode.ParameterUnsupported, hasHint: true);

    [Theory]
    [InlineData("br")]
    [InlineData("zstd")]
    [InlineData("gzip, gzip")]
    [InlineData($"{Secret}")]
    public async Task Infer_UnsupportedContentEncoding_IsRefusedWithThoseThatAre(string encoding)
    {
        var answer = await Server.InferAsync(StrictServer.GoodRequest, change: request => request.Content!.Headers.TryAddWithoutValidation("Content-Encoding", encoding));

        answer.AssertRefusal(501, ServingCode.EncodingUnsupported, hasHint: true);
        Assert.Equal("gzip, deflate", answer.Headers["accept-encoding"]);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("GZIP")]
    [InlineData("deflate")]
    [InlineData("identity")]
    public async Task Infer_CompressedBody_IsAnswered(string encoding)
    {
        var answer = await Server.InferAsync(Compress(encoding, Encoding.UTF8.GetBytes(StrictServer.GoodRequest)), change: request => request.Content!.Headers.ContentEncoding.Add(encoding));

        Assert.Equal(200, answer.Status);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task Infer_BodyNotCompressedAsStated_IsRefused(string encoding)
    {
        (await Server.InferAsync(StrictServer.GoodRequest, change: request => request.Content!.Headers.ContentEncoding.Add(encoding))).AssertRefusal(400, ServingCode.RequestMalformed);
        var whole = Compress(encoding, Encoding.UTF8.GetBytes(StrictServer.GoodRequest));
        (await Server.InferAsync(whole[..(whole.Length / 2)], change: request => request.Content!.Headers.ContentEncoding.Add(encoding))).AssertRefusal(400, ServingCode.RequestMalformed);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task Infer_BodyThatExpandsOverTheLimit_IsRefused(string encoding)
    {
        var bomb = Compress(encoding, Encoding.UTF8.GetBytes(StrictServer.GoodRequest + new string(' ', 64 * StrictServer.MaxBytes)));
        Assert.True(bomb.Length < StrictServer.MaxBytes / 4);

        (await Server.InferAsync(bomb, change: request => request.Content!.Headers.ContentEncoding.Add(encoding))).AssertRefusal(413, ServingCode.RequestTooLarge, hasHint: true);
    }

    private static byte[] Compress(string encoding, byte[] bytes)
    {
        var output = new MemoryStream();
        using (Stream compressor = encoding.ToUpperInvariant() switch { "GZIP" => new GZipStream(output, CompressionLevel.Optimal), "DEFLATE" => new ZLibStream(output, CompressionLevel.Optimal), _ => output })
        {
            compressor.Write(bytes);
        }

        return output.ToArray();
    }

    // Asks a model that takes one element of the datatype.
    private async Task<HttpAnswer> InferTypedAsync(string datatype, byte[] element)
    {
        var type = datatype switch
        {
            "FP32" => OnnxType.Float,
            "FP16" => OnnxType.Float16,
            "BF16" => OnnxType.BFloat16,
            "BYTES" => OnnxType.String,
            _ => Enum.Parse<OnnxType>(datatype, ignoreCase: true),
        };
        Assert.Equal(201, (await Server.UploadAsync("typed", TestModels.Identity(type))).Status);
        var start = Encoding.UTF8.GetBytes($$"""{"inputs":[{"name":"x","datatype":"{{datatype}}","shape":[1],"data":[""");
        var answer = await Server.InferAsync([.. start, .. element, .. "]}]}"u8], "typed");
        (await Server.SendAsync(HttpMethod.Delete, "/v2/models/typed")).AssertDone();
        return answer;
    }
}
