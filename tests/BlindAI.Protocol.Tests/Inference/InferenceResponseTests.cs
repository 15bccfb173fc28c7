using System.Buffers;
using System.Text;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Tests.Inference;

public sealed class InferenceResponseTests
{
    private static readonly NamedTensor[] TwoOutputs = [new("y", Tensor.From([1f, 2f])), new("z", Tensor.From([3L]))];

    [Fact]
    public void WriteJson_WithoutBinary_HoldsEverything()
    {
        var encoder = new InferenceResponseEncoder(Request() with { Id = "7" }, "m", 3, TwoOutputs);

        Assert.Equal(
            """{"model_name":"m","model_version":"3","id":"7","outputs":[{"name":"y","datatype":"FP32","shape":[2],"data":[1,2]},{"name":"z","datatype":"INT64","shape":[1],"data":[3]}]}""",
            Json(encoder));
        Assert.Equal(0, encoder.BinaryLength);
    }

    [Fact]
    public void WriteJson_OneOutputInBinary_PutsItsBytesBehind()
    {
        var encoder = new InferenceResponseEncoder(Request() with { Outputs = [new("z", true)] }, "m", 1, TwoOutputs);

        Assert.Contains("""{"name":"y","datatype":"FP32","shape":[2],"data":[1,2]},{"name":"z","datatype":"INT64","shape":[1],"parameters":{"binary_data_size":8}}""", Json(encoder), StringComparison.Ordinal);
        Assert.Equal(8, encoder.BinaryLength);
        Assert.True(encoder.BinarySection(0).IsEmpty);
        Assert.Equal([3, 0, 0, 0, 0, 0, 0, 0], encoder.BinarySection(1).ToArray());
    }

    [Fact]
    public void WriteJson_BinaryByDefaultAndOneNot_FollowsTheOutput()
    {
        var encoder = new InferenceResponseEncoder(Request() with { BinaryOutputs = true, Outputs = [new("y", false), new("z")] }, "m", 1, TwoOutputs);

        Assert.Contains("""[{"name":"y","datatype":"FP32","shape":[2],"data":[1,2]},{"name":"z","datatype":"INT64","shape":[1],"parameters":{"binary_data_size":8}}]""", Json(encoder), StringComparison.Ordinal);
    }

    [Fact]
    public void WriteJson_EveryDatatype_IsWritten()
    {
        NamedTensor[] outputs =
        [
            new("a", Tensor.From([true, false])), new("b", Tensor.From<byte>([255])), new("c", Tensor.From<ushort>([65535])), new("d", Tensor.From([uint.MaxValue])),
            new("e", Tensor.From([ulong.MaxValue])), new("f", Tensor.From<sbyte>([-128])), new("g", Tensor.From<short>([-32768])), new("h", Tensor.From([int.MinValue])),
            new("i", Tensor.From([long.MinValue])), new("j", Tensor.From([0.1])), new("k", Tensor.FromStrings(["a\"b", "é"])), new("l", Tensor.From(Array.Empty<float>())),
        ];

        Assert.Equal(
            ["[true,false]", "[255]", "[65535]", "[4294967295]", "[18446744073709551615]", "[-128]", "[-32768]", "[-2147483648]", "[-9223372036854775808]", "[0.1]", "[\"a\\u0022b\",\"\\u00E9\"]", "[]"],
            Json(new(Request(), "m", 1, outputs)).Split("\"data\":")[1..].Select(part => part[..part.LastIndexOf(']', part.IndexOf('}', StringComparison.Ordinal))] + "]"));
    }

    [Fact]
    public void MaxJsonData_LongestValueOfEveryDatatype_IsNoLessThanItsText()
    {
        Tensor[] longest =
        [
            Tensor.From([false]), Tensor.From<byte>([255]), Tensor.From<ushort>([65535]), Tensor.From([uint.MaxValue]), Tensor.From([ulong.MaxValue]), Tensor.From<sbyte>([-128]), Tensor.From<short>([-32768]),
            Tensor.From([int.MinValue]), Tensor.From([long.MinValue]), Tensor.From([-1.17549435E-38f]), Tensor.From([-2.2250738585072014E-308]), Tensor.FromStrings(["\u0001\u0002", "é", ""]),
        ];

        foreach (var tensor in longest)
        {
            var encoder = new InferenceResponseEncoder(Request(), "m", 1, [new("y", tensor)]);
            var text = Json(encoder).Split("\"data\":[")[1].Split(']')[0];
            Assert.True(encoder.MaxJsonData > text.Length, $"{tensor}: {encoder.MaxJsonData} for {text.Length} characters.");
        }

        Assert.Equal(0, new InferenceResponseEncoder(Request() with { BinaryOutputs = true }, "m", 1, TwoOutputs).MaxJsonData);
    }

    [Fact]
    public void Construct_NonFiniteOutputInJson_IsNotFinite()
    {
        // Every place of a length that fills vectors and leaves a rest.
        for (var place = 0; place < 37; place++)
        {
            foreach (var value in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
            {
                var single = new float[37];
                single[place] = value;
                var wide = Array.ConvertAll(single, number => (double)number);
                Refusals.AssertCode(ServingCode.NumberNotFinite, () => _ = new InferenceResponseEncoder(Request(), "m", 1, [new("y", Tensor.From(single))]));
                Refusals.AssertCode(ServingCode.NumberNotFinite, () => _ = new InferenceResponseEncoder(Request(), "m", 1, [new("y", Tensor.From(wide))]));
            }
        }
    }

    [Fact]
    public void Construct_LargestFiniteOutputs_AreWritten()
    {
        float[] values = [.. Enumerable.Repeat(float.MaxValue, 20), .. Enumerable.Repeat(float.MinValue, 20), float.Epsilon, -0f];

        Assert.Contains("3.4028235E+38", Json(new(Request(), "m", 1, [new("y", Tensor.From(values))])), StringComparison.Ordinal);
    }

    [Fact]
    public void Construct_OutputWithoutJsonForm_IsDatatypeInvalid()
    {
        foreach (var tensor in (Tensor[])[Tensor.From([(Half)1]), new(TensorDatatype.Bf16, new(1), new byte[2]), new(TensorDatatype.Bytes, new(1), new byte[] { 1, 0, 0, 0, 0xFF })])
        {
            Refusals.AssertCode(ServingCode.DatatypeInvalid, () => _ = new InferenceResponseEncoder(Request(), "m", 1, [new("y", tensor)]));
            Assert.Equal(tensor.Data.Length, new InferenceResponseEncoder(Request() with { BinaryOutputs = true }, "m", 1, [new("y", tensor)]).BinaryLength);
        }
    }

    [Fact]
    public void Parse_AllBinaryOutputsEmpty_NeedsNoHeader()
    {
        var encoder = new InferenceResponseEncoder(Request() with { BinaryOutputs = true }, "m", 1, [new("y", Tensor.From(Array.Empty<float>(), 0L, 3L)), new("z", Tensor.FromStrings([]))]);
        var answer = InferenceResponse.Parse(Encoding.UTF8.GetBytes(Json(encoder)), headerLength: null);

        Assert.Equal(0, encoder.BinaryLength);
        Assert.Equal([0, 3], answer.Outputs[0].Tensor.Shape);
        Assert.Empty(answer.Outputs[1].Tensor.ToStrings());
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("null", "")]
    [InlineData("[]", "")]
    [InlineData("{}", "")]
    [InlineData("""{"outputs":{}}""", "")]
    [InlineData("""{"outputs":[]}""", "")]
    [InlineData("""{"model_name":null,"model_version":"1","outputs":[]}""", "")]
    [InlineData("""{"model_name":"m","model_version":null,"outputs":[]}""", "")]
    [InlineData("""{"model_name":"m","model_version":1,"outputs":[]}""", "")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[]}""", "00")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[OUT]}""", "0000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[OUT]}""", "00000000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"UINT8","shape":[3],"data":[1,2,3]}]}""", "000000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[{"name":null,"datatype":"UINT8","shape":[3],"parameters":{"binary_data_size":3}}]}""", "000000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[{"name":"\ud800","datatype":"UINT8","shape":[3],"parameters":{"binary_data_size":3}}]}""", "000000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"uint8","shape":[3],"parameters":{"binary_data_size":3}}]}""", "000000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":null,"shape":[3],"parameters":{"binary_data_size":3}}]}""", "000000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"UINT8","shape":[-3],"parameters":{"binary_data_size":3}}]}""", "000000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"UINT8","shape":[3.0],"parameters":{"binary_data_size":3}}]}""", "000000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"UINT8","shape":["3"],"parameters":{"binary_data_size":3}}]}""", "000000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"UINT8","shape":[4294967296,4294967296],"parameters":{"binary_data_size":3}}]}""", "000000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"UINT8","shape":[2],"parameters":{"binary_data_size":3}}]}""", "000000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"UINT8","shape":[3],"parameters":{"binary_data_size":-3}}]}""", "000000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"UINT8","shape":[3],"parameters":{"binary_data_size":4294967299}}]}""", "000000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":3}}]}""", "000000")]
    [InlineData("""{"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"BOOL","shape":[3],"parameters":{"binary_data_size":3}}]}""", "000002")]
    public void Parse_WrongAnswer_IsMalformed(string json, string hex)
    {
        var header = Encoding.UTF8.GetBytes(json.Replace("OUT", """{"name":"y","datatype":"UINT8","shape":[3],"parameters":{"binary_data_size":3}}""", StringComparison.Ordinal));
        byte[] body = [.. header, .. Convert.FromHexString(hex)];

        Refusals.AssertCode(ServingCode.ResponseMalformed, () => InferenceResponse.Parse(body, header.Length));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public void Parse_HeaderLengthOutsideTheBody_IsMalformed(int headerLength) =>
        Refusals.AssertCode(ServingCode.ResponseMalformed, () => InferenceResponse.Parse("{}"u8.ToArray(), headerLength));

    internal static string Json(InferenceResponseEncoder encoder)
    {
        var buffer = new ArrayBufferWriter<byte>();
        encoder.WriteJson(buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    internal static InferenceRequestHeader Request() => new() { Inputs = [] };
}
