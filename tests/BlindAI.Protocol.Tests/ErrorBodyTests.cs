using System.Buffers;
using System.Text;
using System.Text.Json;

namespace BlindAI.Protocol.Tests;

public sealed class ErrorBodyTests
{
    [Theory]
    [InlineData(null, """{"error":"no \"x\" isn't <é>","code":705}""")]
    [InlineData("try y", """{"error":"no \"x\" isn't <é>","code":705,"hint":"try y"}""")]
    public void Write_Body_IsReadBack(string? hint, string expected)
    {
        var body = new ErrorBody("no \"x\" isn't <é>", 705, hint);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            body.Write(writer);
        }

        Assert.Equal(expected, Encoding.UTF8.GetString(buffer.WrittenSpan));
        Assert.Equal(body, ErrorBody.TryParse(buffer.WrittenMemory));
    }

    [Fact]
    public void Write_LoneSurrogate_IsReplaced()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            new ErrorBody("\ud800", 705, null).Write(writer);
        }

        Assert.Equal("\ufffd", ErrorBody.TryParse(buffer.WrittenMemory)!.Error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"error":"x"}""")]
    [InlineData("""{"code":1}""")]
    [InlineData("""{"error":null,"code":1}""")]
    [InlineData("""{"error":{"message":"x"},"code":1}""")]
    [InlineData("""{"error":"x","code":"1"}""")]
    [InlineData("""{"error":"x","code":1.5}""")]
    [InlineData("""{"error":"x","code":4294967296}""")]
    [InlineData("""{"error":"\ud800","code":1}""")]
    [InlineData("""{"error":"x","code":1} x""")]
    public void TryParse_AnotherBody_IsNull(string text) => Assert.Null(ErrorBody.TryParse(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void TryParse_HintOfAnotherType_IsLeftOut() => Assert.Equal(new("x", 1, null), ErrorBody.TryParse("""{"error":"x","code":1,"hint":7,"more":[]}"""u8.ToArray()));

    [Fact]
    public void TryParse_NestedDeeply_IsNull() => Assert.Null(ErrorBody.TryParse(Encoding.UTF8.GetBytes(new string('[', 100_000))));
}
