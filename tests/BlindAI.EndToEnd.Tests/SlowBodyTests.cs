using System.Diagnostics;
using BlindAI.Protocol;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Peers that hold a connection and say next to nothing. The server's own timeouts end them: 5 to 15 seconds.</summary>
public sealed class SlowBodyTests(StrictServer server) : BadInputTest(server), IClassFixture<StrictServer>
{
    // A request that fails fast would end at once; one that is not ended at all reaches the tester's own limit.
    private static readonly TimeSpan Earliest = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Latest = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task SlowPeers_OfEveryKind_AreEndedWhileOthersAreServed()
    {
        var started = Stopwatch.GetTimestamp();
        var peers = new Dictionary<string, Task<TimeSpan>>
        {
            ["silent before TLS"] = HoldAsync(started, "", tls: false),
            ["half a request line"] = HoldAsync(started, "P"),
            ["headers without an end"] = HoldAsync(started, "POST /v2/models/good/infer HTTP/1.1\r\nHost: localhost\r\nX-More: 1\r\n"),
            ["inference body"] = HoldAsync(started, "POST /v2/models/good/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{", ServingCode.DeadlineExceeded),
            ["chunked inference body"] = HoldAsync(started, "POST /v2/models/good/infer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", ServingCode.DeadlineExceeded),
            ["binary sections"] = HoldAsync(started, "POST /v2/models/good/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nInference-Header-Content-Length: 900\r\n\r\n{", ServingCode.DeadlineExceeded),
            ["upload"] = HoldAsync(started, $"PUT /v2/models/slow HTTP/1.1\r\nHost: localhost\r\nContent-Type: {MediaTypes.Onnx}\r\nContent-Length: 1000\r\n\r\n\b", ServingCode.DeadlineExceeded),
            ["request for evidence"] = HoldAsync(started, $"POST {Routes.Attestation} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60\r\n\r\n{{", ServingCode.DeadlineExceeded),
        };

        // Others are served meanwhile, again and again until the last slow peer is gone.
        var all = Task.WhenAll(peers.Values);
        var served = 0;
        do
        {
            await Server.AssertUnharmedAsync();
            served++;
        }
        while (!all.IsCompleted && Stopwatch.GetElapsedTime(started) < RawConnection.Limit);

        await all;
        Assert.True(served > 1);
        foreach (var (peer, task) in peers)
        {
            Assert.True(await task >= Earliest && await task <= Latest, $"{peer}: ended after {await task}");
        }
    }

    [Fact]
    public async Task SlowReader_OfALargeAnswer_IsEnded()
    {
        // Far more than the buffers of both kernels hold, so that the server must wait for the reader.
        Assert.Equal(201, (await Server.UploadAsync("wide", TestModels.Widen)).Status);
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        const string Body = """{"parameters":{"binary_data_output":true},"inputs":[{"name":"times","datatype":"INT64","shape":[1],"data":[16777216]}]}""";
        await connection.SendAsync($"POST /v2/models/wide/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: {Body.Length}\r\n\r\n{Body}");
        var started = Stopwatch.GetTimestamp();

        // The server holds the answer's memory until it gives the reader up: that is when the gauge falls to nothing.
        using var operations = new HttpClient();
        do
        {
            Assert.Equal(200, (await Server.InferAsync(StrictServer.GoodRequest)).Status);
        }
        while (!(await operations.GetStringAsync(new Uri(Server.Server.OperationsUrl, "/metrics"), TestContext.Current.CancellationToken)).Contains("blindai_in_flight_bytes 0\n", StringComparison.Ordinal)
            && Stopwatch.GetElapsedTime(started) < RawConnection.Limit);

        Assert.InRange(Stopwatch.GetElapsedTime(started), Earliest, RawConnection.Limit - TimeSpan.FromSeconds(5));
        (await Server.SendAsync(HttpMethod.Delete, "/v2/models/wide")).AssertDone();
    }

    private async Task<TimeSpan> HoldAsync(long started, string start, ServingCode? expected = null, bool tls = true)
    {
        using var connection = tls ? await RawConnection.OpenAsync(Server.Server.Url) : await RawConnection.OpenPlainAsync(Server.Server.Url);
        await connection.SendAsync(start);
        if (expected is { } code)
        {
            (await connection.ReadAnswerAsync())!.AssertRefusal(503, code, hasHint: false);
        }

        await connection.ReadToCloseAsync();
        return Stopwatch.GetElapsedTime(started);
    }
}
