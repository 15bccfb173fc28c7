using System.Globalization;
using System.Text;
using BlindAI.Protocol.Inference;

namespace BlindAI.Protocol.Tests.Inference;

public sealed class InferenceRequestHeaderTests
{
    private const string Input = """{"name":"x","datatype":"FP32","shape":[1],"data":[1]}""";

    [Fact]
    public void Parse_EveryMember_IsRead()
    {
        var header = Parse("""
            {"id":"abc","parameters":{"binary_data_output":true,"timeout":1500,"blindai_model_digest":"sha256:aa, sha256:bb","priority":3},
            "inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8,"content_type":"np"}}],
            "outputs":[{"name":"y","parameters":{"binary_data":false}},{"name":"z"}]}
            """);

        Assert.Equal("abc", header.Id);
        Assert.True(header.BinaryOutputs);
        Assert.Equal(TimeSpan.FromMilliseconds(1.5), header.QueueTimeout);
        Assert.Equal(["sha256:aa", "sha256:bb"], header.ModelDigests);
        Assert.Equal(8, header.Inputs[0].BinarySize);
        Assert.Equal([new("y", false), new("z", null)], header.Outputs);
    }

    [Fact]
    public void Parse_MembersThatTheProtocolDoesNotName_AreSkipped()
    {
        var header = Parse($$$"""{"model_name":"m","extra":{"inputs":[{"name":1}]},"more":[[{}]],"inputs":[{"note":{"a":[1]},{{{Input[1..]}}}],"outputs":[{"name":"y","note":[1]}]}""");

        Assert.Equal("x", Assert.Single(header.Inputs).Name);
        Assert.Null(header.Id);
        Assert.False(header.BinaryOutputs);
        Assert.Null(header.QueueTimeout);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("{")]
    [InlineData("{}{}")]
    [InlineData("{\"inputs\":[]} x")]
    [InlineData("{\"inputs\":[]}\0")]
    [InlineData("{\"inputs\":[],}")]
    [InlineData("{/* */\"inputs\":[]}")]
    [InlineData("{\"inputs\":{}}")]
    [InlineData("{\"inputs\":null}")]
    [InlineData("{\"inputs\":[1]}")]
    [InlineData("{\"inputs\":[[]]}")]
    [InlineData("{\"inputs\":[],\"outputs\":{}}")]
    [InlineData("{\"inputs\":[],\"outputs\":[\"y\"]}")]
    [InlineData("{\"inputs\":[],\"outputs\":[{}]}")]
    [InlineData("{\"inputs\":[],\"outputs\":[{\"name\":null}]}")]
    [InlineData("{\"inputs\":[],\"outputs\":[{\"name\":\"y\",\"parameters\":[]}]}")]
    [InlineData("{\"inputs\":[],\"outputs\":[{\"name\":\"y\",\"parameters\":{\"binary_data\":1}}]}")]
    [InlineData("{\"inputs\":[],\"parameters\":[]}")]
    [InlineData("{\"inputs\":[],\"parameters\":{\"binary_data_output\":\"true\"}}")]
    [InlineData("{\"inputs\":[],\"parameters\":{\"blindai_model_digest\":7}}")]
    [InlineData("{\"inputs\":[],\"id\":7}")]
    [InlineData("{\"inputs\":[{\"name\":7,\"datatype\":\"FP32\",\"shape\":[1],\"data\":[1]}]}")]
    [InlineData("{\"inputs\":[{\"datatype\":\"FP32\",\"shape\":[1],\"data\":[1]}]}")]
    [InlineData("{\"inputs\":[{\"name\":\"x\",\"shape\":[1],\"data\":[1]}]}")]
    [InlineData("{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"data\":[1]}]}")]
    [InlineData("{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":1,\"data\":[1]}]}")]
    [InlineData("{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1],\"data\":[1],\"parameters\":{\"binary_data_size\":4}}]}")]
    [InlineData("{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1],\"parameters\":{\"binary_data_size\":-4}}]}")]
    [InlineData("{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1],\"parameters\":{\"binary_data_size\":\"4\"}}]}")]
    [InlineData("{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1],\"parameters\":{\"binary_data_size\":4.0}}]}")]
    [InlineData("{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1],\"parameters\":{\"binary_data_size\":1e99}}]}")]
    public void Parse_WrongJson_IsMalformed(string json) => AssertRefused(ServingCode.RequestMalformed, json);

    [Theory]
    [InlineData("{\"id\":\"\\ud800\",\"inputs\":[]}")]
    [InlineData("{\"\\udc00\":1,\"inputs\":[]}")]
    [InlineData("{\"inputs\":[{\"name\":\"\\ud83d\"}]}")]
    public void Parse_HalfASurrogate_IsMalformed(string json) => AssertRefused(ServingCode.RequestMalformed, json);

    [Theory]
    [InlineData("{\"id\":\"?\",\"inputs\":[]}")]
    [InlineData("{\"?\":1,\"inputs\":[]}")]
    [InlineData("{\"inputs\":[{\"name\":\"?\"}]}")]
    [InlineData("{\"inputs\":[{\"?\":1}]}")]
    [InlineData("{\"inputs\":[],\"parameters\":{\"?\":1}}")]
    public void Parse_InvalidUtf8_IsMalformed(string json)
    {
        foreach (byte[] invalid in (byte[][])[[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3]])
        {
            var at = json.IndexOf('?', StringComparison.Ordinal);
            byte[] utf8 = [.. Encoding.UTF8.GetBytes(json[..at]), .. invalid, .. Encoding.UTF8.GetBytes(json[(at + 1)..])];

            Refusals.AssertCode(ServingCode.RequestMalformed, () => InferenceRequestHeader.Parse(utf8, new()));
        }
    }

    [Fact]
    public void Parse_NestedTooDeep_IsMalformed()
    {
        AssertRefused(ServingCode.RequestMalformed, $$$"""{"inputs":[],"deep":{{{new string('[', 64)}}}{{{new string(']', 64)}}}}""");
        Assert.Empty(Parse($$$"""{"inputs":[],"deep":{{{new string('[', 63)}}}{{{new string(']', 63)}}}}""").Inputs);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"outputs\":[]}")]
    [InlineData("{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1]}]}")]
    [InlineData("{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1],\"parameters\":{}}]}")]
    public void Parse_WithoutInputsOrData_IsMissing(string json) => AssertRefused(ServingCode.TensorMissing, json);

    [Fact]
    public void Parse_TensorTwice_IsDuplicate()
    {
        AssertRefused(ServingCode.TensorDuplicate, $$$"""{"inputs":[{{{Input}}},{{{Input}}}]}""");
        AssertRefused(ServingCode.TensorDuplicate, $$$"""{"inputs":[{{{Input}}},{{{Input.Replace("\"x\"", "\"\\u0078\"", StringComparison.Ordinal)}}}]}""");
        AssertRefused(ServingCode.TensorDuplicate, """{"inputs":[],"outputs":[{"name":"y"},{"name":"y"}]}""");
    }

    [Theory]
    [InlineData("fp32")]
    [InlineData("TYPE_FP32")]
    [InlineData("STRING")]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("FP8")]
    public void Parse_UnknownDatatype_IsDatatypeInvalid(string datatype) =>
        AssertRefused(ServingCode.DatatypeInvalid, $$$"""{"inputs":[{"name":"x","datatype":"{{{datatype}}}","shape":[1],"data":[1]}]}""");

    [Theory]
    [InlineData("[-1]")]
    [InlineData("[2,-9223372036854775808]")]
    [InlineData("[9223372036854775808]")]
    [InlineData("[1.0]")]
    [InlineData("[1e2]")]
    [InlineData("[\"1\"]")]
    [InlineData("[null]")]
    [InlineData("[[1]]")]
    [InlineData("[4294967296,4294967296]")]
    [InlineData("[9223372036854775807,2]")]
    [InlineData("[0,9223372036854775807,2]")]
    [InlineData("[3037000500,3037000500]")]
    [InlineData("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]")]
    public void Parse_ShapeThatIsNone_IsShapeInvalid(string shape) =>
        AssertRefused(ServingCode.ShapeInvalid, $$$"""{"inputs":[{"name":"x","datatype":"FP32","shape":{{{shape}}},"data":[1]}]}""");

    [Theory]
    [InlineData("[]", 1)]
    [InlineData("[0]", 0)]
    [InlineData("[9223372036854775807]", long.MaxValue)]
    [InlineData("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]", 2)]
    public void Parse_ShapeAtItsLimits_IsRead(string shape, long elements) =>
        Assert.Equal(elements, Parse($$$"""{"inputs":[{"name":"x","datatype":"FP32","shape":{{{shape}}},"data":[1]}]}""").Inputs[0].Shape.ElementCount);

    [Theory]
    [InlineData("sequence_id")]
    [InlineData("sequence_start")]
    [InlineData("sequence_end")]
    [InlineData("classification")]
    [InlineData("shared_memory_region")]
    [InlineData("shared_memory_byte_size")]
    [InlineData("shared_memory_offset")]
    [InlineData("triton_enable_empty_final_response")]
    [InlineData("triton_")]
    [InlineData("\\u0074riton_x")]
    public void Parse_ParameterThatIsNotOffered_IsRefusedWhereverItStands(string parameter)
    {
        AssertRefused(ServingCode.ParameterUnsupported, $$$"""{"inputs":[],"parameters":{"{{{parameter}}}":0}}""");
        AssertRefused(ServingCode.ParameterUnsupported, $$$"""{"inputs":[{"name":"x","parameters":{"{{{parameter}}}":0}}]}""");
        AssertRefused(ServingCode.ParameterUnsupported, $$$"""{"inputs":[],"outputs":[{"name":"y","parameters":{"{{{parameter}}}":0}}]}""");
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("0.5")]
    [InlineData("\"5\"")]
    [InlineData("86400000001")]
    [InlineData("9223372036854775808")]
    [InlineData("null")]
    public void Parse_TimeoutThatIsNone_IsMalformed(string timeout) => AssertRefused(ServingCode.RequestMalformed, Timeout(timeout));

    [Theory]
    [InlineData("0", null)]
    [InlineData("1", 10L)]
    [InlineData("86400000000", 864_000_000_000L)]
    public void Parse_Timeout_IsMicroseconds(string timeout, long? ticks) => Assert.Equal(ticks, Parse(Timeout(timeout)).QueueTimeout?.Ticks);

    [Fact]
    public void Parse_OverALimit_IsTooLarge()
    {
        var limits = new ProtocolLimits { MaxTensors = 2, MaxRequestBytes = 1000 };
        string Inputs(int count) => string.Join(',', Enumerable.Range(0, count).Select(index => Input.Replace("\"x\"", $"\"{index}\"", StringComparison.Ordinal)));
        string Outputs(int count) => string.Join(',', Enumerable.Range(0, count).Select(index => string.Create(CultureInfo.InvariantCulture, $"{{\"name\":\"{index}\"}}")));

        AssertRefused(ServingCode.RequestTooLarge, $$$"""{"inputs":[{{{Inputs(3)}}}]}""", limits);
        AssertRefused(ServingCode.RequestTooLarge, $$$"""{"inputs":[],"outputs":[{{{Outputs(3)}}}]}""", limits);
        AssertRefused(ServingCode.RequestTooLarge, """{"inputs":[{"name":"x","datatype":"UINT8","shape":[1001],"parameters":{"binary_data_size":1001}}]}""", limits);
        AssertRefused(ServingCode.RequestTooLarge, $$$"""{"id":"{{{new string('a', 257)}}}","inputs":[]}""");
        AssertRefused(ServingCode.RequestTooLarge, $$$"""{"inputs":[{"name":"{{{new string('a', 257)}}}"}]}""");
        Assert.Equal(2, InferenceRequestHeader.Parse(Encoding.UTF8.GetBytes($$$"""{"inputs":[{{{Inputs(2)}}}],"outputs":[{{{Outputs(2)}}}]}"""), limits).Inputs.Count);
        Assert.Equal(256, Parse($$$"""{"id":"{{{new string('a', 256)}}}","inputs":[]}""").Id!.Length);
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-Infinity")]
    public void Parse_NonFiniteLiteralAnywhere_IsNotFinite(string literal)
    {
        foreach (var data in (string[])[$"[{literal}]", $"[ {literal} ]", $"[1,{literal}]", $"[1, {literal},2]", $"[\n\n1,\n{literal}\n]", $"[[1],[{literal}]]", $"[-1,-{literal.TrimStart('-')}]"])
        {
            if (!data.Contains("-NaN", StringComparison.Ordinal))
            {
                AssertRefused(ServingCode.NumberNotFinite, $$$"""{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":{{{data}}}}]}""");
            }
        }

        AssertRefused(ServingCode.NumberNotFinite, $$$"""{"inputs":[],"parameters":{"temperature":{{{literal}}}}}""");
        AssertRefused(ServingCode.NumberNotFinite, literal);
    }

    [Fact]
    public void Parse_BrokenJson_SaysWhereButNotWhat()
    {
        var fault = Assert.Throws<ServingException>(() => Parse("{\"inputs\":[],\n\"id\": marked}"));

        Assert.Contains("line 2, byte 7", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("marked", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_TruncatedAtAnyByte_IsMalformed()
    {
        var utf8 = Encoding.UTF8.GetBytes($$$"""{"id":"a","parameters":{"timeout":5},"inputs":[{{{Input}}}],"outputs":[{"name":"y","parameters":{"binary_data":true}}]}""");
        for (var length = 0; length < utf8.Length; length++)
        {
            var cut = utf8[..length];
            Refusals.AssertCode(ServingCode.RequestMalformed, () => InferenceRequestHeader.Parse(cut, new()));
        }
    }

    private static string Timeout(string value) => $$$"""{"inputs":[],"parameters":{"timeout":{{{value}}}}}""";

    private static InferenceRequestHeader Parse(string json) => InferenceRequestHeader.Parse(Encoding.UTF8.GetBytes(json), new());

    private static void AssertRefused(ServingCode code, string json, ProtocolLimits? limits = null) =>
        Refusals.AssertCode(code, () => InferenceRequestHeader.Parse(Encoding.UTF8.GetBytes(json), limits ?? new()));
}
