using System.Text;

namespace BlindAI.Protocol.Tests.Inference;

public sealed class JsonTensorDataTests
{
    [Theory]
    [InlineData("BOOL", "[4]", "[true,false,1,0]", "01000100")]
    [InlineData("BOOL", "[2]", "[\"true\",\"false\"]", "0100")]
    [InlineData("UINT8", "[3]", "[0,255,1.0]", "00FF01")]
    [InlineData("UINT16", "[2]", "[65535,1]", "FFFF0100")]
    [InlineData("UINT32", "[1]", "[4294967295]", "FFFFFFFF")]
    [InlineData("UINT64", "[2]", "[18446744073709551615,9007199254740993]", "FFFFFFFFFFFFFFFF0100000000002000")]
    [InlineData("INT8", "[3]", "[-128,127,-0]", "807F00")]
    [InlineData("INT16", "[2]", "[-32768,32767.00]", "0080FF7F")]
    [InlineData("INT32", "[2]", "[-2147483648,2147483647]", "00000080FFFFFF7F")]
    [InlineData("INT64", "[3]", "[-9223372036854775808,9007199254740993,9007199254740993.0]", "000000000000008001000000000020000100000000002000")]
    [InlineData("FP32", "[3]", "[1,-0.0,3.4028235e38]", "0000803F00000080FFFF7F7F")]
    [InlineData("FP64", "[2]", "[1.7976931348623157e308,5e-324]", "FFFFFFFFFFFFEF7F0100000000000000")]
    [InlineData("BYTES", "[2]", "[\"a\\u00e9\\n\",\"\"]", "0400000061C3A90A00000000")]
    [InlineData("BYTES", "[1]", "[\"\\ud83d\\ude00\"]", "04000000F09F9880")]
    [InlineData("BYTES", "[2,1]", "[[\"x\"],[\"\\\"\"]]", "01000000780100000022")]
    public async Task Read_ValuesOfTheDatatype_AreExact(string datatype, string shape, string data, string hex) =>
        Assert.Equal(hex, Convert.ToHexString(await ReadAsync(datatype, shape, data)));

    [Theory]
    [InlineData("[2,2]", "[1,2,3,4]")]
    [InlineData("[2,2]", "[[1,2],[3,4]]")]
    [InlineData("[1,4]", "[[1,2,3,4]]")]
    [InlineData("[4,1]", "[[1],[2],[3],[4]]")]
    [InlineData("[2,1,2]", "[[[1,2]],[[3,4]]]")]
    [InlineData("[2,1,2]", "[ 1 , 2 , 3 , 4 ]")]
    [InlineData("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,4]", "[[[[[[[[[[[[[[[[1,2,3,4]]]]]]]]]]]]]]]]")]
    public async Task Read_FlatOrNested_IsTheSame(string shape, string data) => Assert.Equal("01020304", Convert.ToHexString(await ReadAsync("UINT8", shape, data)));

    [Theory]
    [InlineData("[]", "[7]", "07")]
    [InlineData("[1,1]", "[7]", "07")]
    [InlineData("[0]", "[]", "")]
    [InlineData("[2,0]", "[]", "")]
    [InlineData("[2,0]", "[[],[]]", "")]
    [InlineData("[0,2]", "[]", "")]
    public async Task Read_ScalarOrEmpty_IsRead(string shape, string data, string hex)
    {
        Assert.Equal(hex, Convert.ToHexString(await ReadAsync("UINT8", shape, data)));
        if (hex.Length == 0)
        {
            Assert.Empty(await ReadAsync("BYTES", shape, data));
            Assert.Empty(await ReadAsync("FP64", shape, data));
        }
    }

    [Theory]
    [InlineData("[4]", "[1,2,3]")]
    [InlineData("[4]", "[1,2,3,4,5]")]
    [InlineData("[4]", "[[1,2,3,4]]")]
    [InlineData("[4]", "[[1,2],[3,4]]")]
    [InlineData("[2,2]", "[[1,2],[3]]")]
    [InlineData("[2,2]", "[[1,2,3],[4]]")]
    [InlineData("[2,2]", "[[1,2],3,4]")]
    [InlineData("[2,2]", "[1,2,[3,4]]")]
    [InlineData("[2,2]", "[1,2,[],3,4]")]
    [InlineData("[2,2]", "[1,2,3,4,[]]")]
    [InlineData("[2,2]", "[[],1,2,3,4]")]
    [InlineData("[2,2]", "[[1,2],[3,4],[]]")]
    [InlineData("[2,2]", "[[],[1,2],[3,4]]")]
    [InlineData("[2,2]", "[[[1,2],[3,4]]]")]
    [InlineData("[2,2]", "[[1,2,3,4]]")]
    [InlineData("[2,2]", "[[1],[2],[3],[4]]")]
    [InlineData("[2,1,2]", "[[1,2],[3,4]]")]
    [InlineData("[2,0]", "[[]]")]
    [InlineData("[2,0]", "[[],[],[]]")]
    [InlineData("[0]", "[1]")]
    [InlineData("[0]", "[[]]")]
    [InlineData("[]", "7")]
    [InlineData("[]", "[]")]
    [InlineData("[1]", "{}")]
    [InlineData("[1]", "[{}]")]
    [InlineData("[1]", "[null]")]
    [InlineData("[1]", "null")]
    [InlineData("[1]", "\"1\"")]
    [InlineData("[9223372036854775807]", "[1]")]
    [InlineData("[60000000]", "[1]")]
    public async Task Read_DataThatDoesNotFillTheShape_IsMismatch(string shape, string data)
    {
        await AssertRefusedAsync(ServingCode.DataMismatch, "UINT8", shape, data);
        await AssertRefusedAsync(ServingCode.DataMismatch, "FP32", shape, data);
    }

    [Theory]
    [InlineData("BOOL", "2")]
    [InlineData("BOOL", "-1")]
    [InlineData("BOOL", "1.5")]
    [InlineData("BOOL", "\"True\"")]
    [InlineData("BOOL", "\"\"")]
    [InlineData("UINT8", "256")]
    [InlineData("UINT8", "-1")]
    [InlineData("UINT8", "1.5")]
    [InlineData("UINT8", "true")]
    [InlineData("UINT8", "\"1\"")]
    [InlineData("UINT8", "1.00000000000000000000000000000000000001")]
    [InlineData("UINT16", "65536")]
    [InlineData("UINT32", "4294967296")]
    [InlineData("UINT64", "18446744073709551616")]
    [InlineData("UINT64", "-1")]
    [InlineData("INT8", "128")]
    [InlineData("INT8", "-129")]
    [InlineData("INT16", "32768")]
    [InlineData("INT32", "2147483648")]
    [InlineData("INT32", "1e400")]
    [InlineData("INT64", "9223372036854775808")]
    [InlineData("INT64", "-9223372036854775809")]
    [InlineData("INT64", "9007199254740991.5")]
    [InlineData("INT64", "4503599627370497.3")]
    [InlineData("INT64", "1e99")]
    [InlineData("FP32", "1e39")]
    [InlineData("FP32", "-1e39")]
    [InlineData("FP32", "3.4028236e38")]
    [InlineData("FP32", "\"NaN\"")]
    [InlineData("FP32", "true")]
    [InlineData("FP64", "1e309")]
    [InlineData("FP64", "\"1\"")]
    [InlineData("BYTES", "1")]
    [InlineData("BYTES", "true")]
    public async Task Read_ValueOutsideTheDatatype_IsMismatch(string datatype, string value)
    {
        await AssertRefusedAsync(ServingCode.DataMismatch, datatype, "[1]", $"[{value}]");
        await AssertRefusedAsync(ServingCode.DataMismatch, datatype, "[1,1]", $"[[{value}]]");
    }

    [Theory]
    [InlineData("FP16")]
    [InlineData("BF16")]
    public async Task Read_DatatypeWithoutJsonForm_IsDatatypeInvalid(string datatype) => await AssertRefusedAsync(ServingCode.DatatypeInvalid, datatype, "[1]", "[1]");

    [Fact]
    public async Task Read_InvalidUtf8InAString_IsMalformed()
    {
        var json = """{"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"data":["?"]}]}""";
        var at = json.IndexOf('?', StringComparison.Ordinal);

        await Refusals.AssertCodeAsync(ServingCode.RequestMalformed, () => new RequestBody([.. Encoding.UTF8.GetBytes(json[..at]), 0xFF, .. Encoding.UTF8.GetBytes(json[(at + 1)..])]).ReadAsync());
        await AssertRefusedAsync(ServingCode.RequestMalformed, "BYTES", "[1]", "[\"\\ud800\"]");
    }

    [Fact]
    public async Task Read_ManyStrings_IsTooLarge() => await Refusals.AssertCodeAsync(
        ServingCode.RequestTooLarge, () => Body("BYTES", "[3]", "[\"\",\"\",\"\"]").ReadAsync(new() { MaxByteStrings = 2 }));

    [Fact]
    public async Task Read_NumbersThatTakeMoreThanARequestMay_IsTooLarge()
    {
        var body = Body("FP64", "[1000]", $"[{string.Join(',', Enumerable.Repeat("1", 1000))}]");

        await Refusals.AssertCodeAsync(ServingCode.RequestTooLarge, () => body.ReadAsync(new() { MaxRequestBytes = 4000 }));
        using var request = await body.ReadAsync(new() { MaxRequestBytes = 8000 });
        Assert.Equal(1000, request.Inputs[0].Tensor.Shape.ElementCount);
    }

    [Fact]
    public async Task Read_MessagesOfRefusals_HoldNoValues()
    {
        var fault = await Assert.ThrowsAsync<ServingException>(() => Body("UINT8", "[2]", "[1,31337]").ReadAsync());

        Assert.DoesNotContain("31337", fault.ToString(), StringComparison.Ordinal);
    }

    private static RequestBody Body(string datatype, string shape, string data) =>
        RequestBody.Json($$$"""{"inputs":[{"name":"x","datatype":"{{{datatype}}}","shape":{{{shape}}},"data":{{{data}}}}]}""");

    private static async Task<byte[]> ReadAsync(string datatype, string shape, string data)
    {
        using var request = await Body(datatype, shape, data).ReadAsync();
        return request.Inputs[0].Tensor.Data.ToArray();
    }

    private static Task AssertRefusedAsync(ServingCode code, string datatype, string shape, string data) =>
        Refusals.AssertCodeAsync(code, () => Body(datatype, shape, data).ReadAsync());
}
