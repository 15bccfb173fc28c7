using System.Text;
using BlindAI.Protocol;

namespace BlindAI.EndToEnd.Tests;

public sealed class OversizedRequestTests(StrictServer server) : BadInputTest(server), IClassFixture<StrictServer>
{
    private const string InferHead = "POST /v2/models/good/infer HTTP/1.1";

    private static readonly byte[] Filled = Encoding.UTF8.GetBytes(StrictServer.GoodRequest.PadRight(StrictServer.MaxBytes));

    [Fact]
    public async Task Infer_RequestOfExactlyTheLimit_IsAnswered() => Assert.Equal(200, (await Server.InferAsync(Filled)).Status);

    [Fact]
    public async Task Infer_StatedLengthOverTheLimit_IsRefusedBeforeAByteIsSent()
    {
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.SendAsync($"{InferHead}\r\nHost: localhost\r\nContent-Length: {StrictServer.MaxBytes + 1}\r\nExpect: 100-continue\r\n\r\n");

        (await connection.ReadAnswerAsync())!.AssertRefusal(413, ServingCode.RequestTooLarge, hasHint: true);
        Assert.Empty(await connection.ReadToCloseAsync());
    }

    [Fact]
    public async Task Infer_ChunkedBody_IsRefusedAtTheFirstByteOverTheLimit()
    {
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.BeginAsync($"{InferHead}\r\nTransfer-Encoding: chunked");
        foreach (var part in Filled.Chunk(StrictServer.MaxBytes / 4))
        {
            await connection.SendChunkAsync(part);
        }

        // The chunk that goes over is announced as endless, and only its first byte is sent: the answer cannot have waited for more.
        await connection.SendAsync("7fffffff\r\n ");

        (await connection.ReadAnswerAsync())!.AssertRefusal(413, ServingCode.RequestTooLarge);
        Assert.Empty(await connection.ReadToCloseAsync());
    }

    [Fact]
    public async Task Infer_ChunkedBodyOfExactlyTheLimit_IsAnswered()
    {
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.BeginAsync($"{InferHead}\r\nTransfer-Encoding: chunked");
        await connection.SendChunkAsync(Filled);
        await connection.SendAsync("0\r\n\r\n");

        Assert.Equal(200, (await connection.ReadAnswerAsync())!.Status);
    }

    [Fact]
    public async Task Infer_BinarySectionsOverTheLimit_AreRefusedOnTheirStatedSize()
    {
        var elements = StrictServer.MaxBytes / 8;
        var json = $$"""{"inputs":[{"name":"a","datatype":"FP32","shape":[{{elements / 2}},2],"parameters":{"binary_data_size":{{4 * elements}} } },{"name":"b","datatype":"FP32","shape":[{{(elements / 2) + 1}},2],"parameters":{"binary_data_size":{{(4 * elements) + 8}} } }]}""";
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.BeginAsync($"{InferHead}\r\nTransfer-Encoding: chunked\r\nInference-Header-Content-Length: {json.Length}");
        await connection.SendChunkAsync(Encoding.UTF8.GetBytes(json));

        (await connection.ReadAnswerAsync())!.AssertRefusal(413, ServingCode.RequestTooLarge);
    }

    [Fact]
    public async Task Infer_OverHttp2_IsRefusedAsOverHttp1()
    {
        static void UseHttp2(HttpRequestMessage request) => (request.Version, request.VersionPolicy) = (System.Net.HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);

        (await Server.InferAsync([.. Filled, (byte)' '], change: UseHttp2)).AssertRefusal(413, ServingCode.RequestTooLarge, hasHint: true);
        Assert.Equal(200, (await Server.InferAsync(Filled, change: UseHttp2)).Status);
    }

    [Fact]
    public async Task Attest_RequestOverItsLimit_IsRefused() =>
        (await Server.SendAsync(HttpMethod.Post, Routes.Attestation, new byte[5000])).AssertRefusal(413, ServingCode.RequestTooLarge);

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"nonce":""}""")]
    [InlineData("""{"nonce":"AAAA"}""")]
    [InlineData("""{"nonce":"!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!"}""")]
    [InlineData("""{"nonce":1}""")]
    [InlineData("""{"nonce":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","nonce":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""")]
    public async Task Attest_BrokenRequest_IsRefused(string json)
    {
        var answer = await Server.SendAsync(HttpMethod.Post, Routes.Attestation, Encoding.UTF8.GetBytes(json));

        Assert.Equal(400, answer.Status);
        Assert.InRange(answer.Json.GetProperty("code").GetInt32(), 100, 799);
    }
}
