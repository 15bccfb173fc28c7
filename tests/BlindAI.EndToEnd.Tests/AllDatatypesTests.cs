using System.Net;
using System.Text.Json;
using BlindAI.Client;
using BlindAI.Protocol.Tensors;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Every datatype of the protocol goes through a model and comes back bit for bit.</summary>
public sealed class AllDatatypesTests(StrictServer server) : IClassFixture<StrictServer>
{
    // Values at the edges of each type, in binary; and in JSON, where the type has a JSON form.
    public static TheoryData<string, string, string?> Datatypes => new()
    {
        { "BOOL", "0001", "[false,true]" },
        { "UINT8", "00017fff", "[0,1,127,255]" },
        { "UINT16", "00000100ffff", "[0,1,65535]" },
        { "UINT32", "0000000001000000ffffffff", "[0,1,4294967295]" },
        { "UINT64", "0000000000000000ffffffffffffffff", "[0,18446744073709551615]" },
        { "INT8", "00ff807f", "[0,-1,-128,127]" },
        { "INT16", "ffff0080ff7f", "[-1,-32768,32767]" },
        { "INT32", "ffffffff00000080ffffff7f", "[-1,-2147483648,2147483647]" },
        { "INT64", "ffffffffffffffff0000000000000080ffffffffffffff7f0100000000002000", "[-1,-9223372036854775808,9223372036854775807,9007199254740993]" },
        { "FP16", "003c0080ff7b007c00fc017e", null },
        { "BF16", "803f0080807f80ffc17f", null },
        { "FP32", "0000803f000000800000c07f0000807f000080ff01000000", null },
        { "FP32", "0000803f000000bf9a99993e01000000ffff7f7f", "[1,-0.5,0.3,1E-45,3.4028235E+38]" },
        { "FP64", "000000000000f03f000000000000f87f", null },
        { "FP64", "000000000000f03f9a9999999999b93f0100000000000000", "[1,0.1,5E-324]" },
        { "BYTES", "00000000010000006103000000ff00fe", null },
        { "BYTES", "00000000010000006102000000c3a9", "[\"\",\"a\",\"\u00e9\"]" },
    };

    [Theory]
    [MemberData(nameof(Datatypes))]
    public async Task RunAsync_Datatype_ReturnsTheSameBits(string datatype, string binary, string? json)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var bytes = Convert.FromHexString(binary);
        var type = TensorDatatypes.Find(datatype)!.Value;
        var count = type == TensorDatatype.Bytes ? 3 : bytes.Length / type.ElementSize()!.Value;
        var name = $"identity-{datatype}";
        await using var client = await ConnectAsync(ChannelMode.Gated);
        await client.UploadModelAsync(name, new MemoryStream(TestModels.Identity(OnnxTypes.Of(type))), cancellationToken: cancellation);

        foreach (var channel in Enum.GetValues<ChannelMode>())
        {
            await using var other = await ConnectAsync(channel);
            var result = await other.RunAsync(name, new Dictionary<string, Tensor> { ["x"] = new(type, new TensorShape(count), bytes) }, cancellationToken: cancellation);
            Assert.Equal((channel, $"{datatype}[{count}]"), (channel, result["y"].ToString()));
            Assert.Equal((channel, binary), (channel, Convert.ToHexStringLower(result["y"].Data.Span)));
        }

        var metadata = await client.GetModelAsync(name, cancellationToken: cancellation);
        Assert.Equal(datatype, Assert.Single(metadata.Inputs).Datatype);
        if (json is not null)
        {
            await AssertJsonFormAsync(name, datatype, count, json);
        }
    }

    [Theory]
    [InlineData("BOOL")]
    [InlineData("FP16")]
    [InlineData("FP32")]
    [InlineData("INT64")]
    [InlineData("BYTES")]
    public async Task RunAsync_NoElements_ReturnsNone(string datatype)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var type = TensorDatatypes.Find(datatype)!.Value;
        var name = $"empty-{datatype}";
        await using var client = await ConnectAsync(ChannelMode.Gated);
        await client.UploadModelAsync(name, new MemoryStream(TestModels.Identity(OnnxTypes.Of(type))), cancellationToken: cancellation);

        foreach (var channel in Enum.GetValues<ChannelMode>())
        {
            await using var other = await ConnectAsync(channel);
            var result = await other.RunAsync(name, new Dictionary<string, Tensor> { ["x"] = new(type, new TensorShape(0), ReadOnlyMemory<byte>.Empty) }, cancellationToken: cancellation);
            Assert.Equal((channel, $"{datatype}[0]"), (channel, result["y"].ToString()));
        }
    }

    private Task<BlindAIClient> ConnectAsync(ChannelMode channel) =>
        BlindAIClient.ConnectAsync(server.Server.Url, Policies.For(server.Server), new() { Channel = channel }, TestContext.Current.CancellationToken);

    private async Task AssertJsonFormAsync(string model, string datatype, int count, string json)
    {
        var answer = await server.InferAsync($$"""{"inputs":[{"name":"x","datatype":"{{datatype}}","shape":[{{count}}],"data":{{json}}}]}""", model);

        Assert.Equal((int)HttpStatusCode.OK, answer.Status);
        var output = answer.Json.GetProperty("outputs")[0];
        Assert.Equal(datatype, output.GetProperty("datatype").GetString());
        using var expected = JsonDocument.Parse(json);
        Assert.True(JsonElement.DeepEquals(expected.RootElement, output.GetProperty("data")), output.GetProperty("data").GetRawText());
    }
}
