using System.Text;
using BlindAI.Protocol;

namespace BlindAI.EndToEnd.Tests;

/// <summary>A server with one thread, a queue of one and memory for one request.</summary>
public sealed class OverloadedServer : IAsyncLifetime
{
    // What an answer takes beside the request that fills the rest; another request takes more.
    private const int AnswerBytes = 64;

    internal StrictServer Strict { get; } = new([
        $"--Limits:MaxRequestBytes={StrictServer.MaxBytes}", $"--Limits:MaxInFlightBytes={(5 * StrictServer.MaxBytes) + AnswerBytes}", "--Inference:Threads=1",
        "--Limits:MaxQueuedRequests=1", "--Limits:MaxQueueMilliseconds=300000", "--Limits:AttestationsPerSecond=1"]);

    public async ValueTask InitializeAsync()
    {
        await Strict.InitializeAsync();
        Assert.Equal(201, (await Strict.UploadAsync("busy", TestModels.Busy)).Status);
    }

    public ValueTask DisposeAsync() => Strict.DisposeAsync();
}

public sealed class OverloadTests(OverloadedServer server) : IClassFixture<OverloadedServer>
{
    private StrictServer Server => server.Strict;

    [Fact]
    public async Task Infer_FullQueue_IsRefusedAtOnceWithATimeToRetry()
    {
        var running = Enumerable.Range(0, 8).Select(_ => Server.InferAsync(Busy(2000), "busy")).ToList();

        // One runs, one waits, and the six others are refused while the first still runs; a seventh too if the first was still in the queue.
        var answers = new List<HttpAnswer>();
        while (answers.Count < 6)
        {
            var next = await Task.WhenAny(running);
            running.Remove(next);
            answers.Add(await next);
        }

        Assert.All(answers, AssertOverloaded);
        var last = await Task.WhenAll(running);
        Assert.Contains(last, answer => answer.Status == 200);
        Assert.All(last.Where(answer => answer.Status != 200), AssertOverloaded);
        Assert.Equal(200, (await Server.InferAsync(StrictServer.GoodRequest)).Status);
    }

    [Fact]
    public async Task Infer_OtherRequestsHoldTheMemory_IsRefusedAtOnceWithATimeToRetry()
    {
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.BeginAsync($"POST /v2/models/good/infer HTTP/1.1\r\nContent-Length: {StrictServer.MaxBytes}");

        // What was only announced holds nothing; what has arrived does. All but the end of the request leaves too little for another.
        Assert.Equal(200, (await Server.InferAsync(StrictServer.GoodRequest)).Status);
        var body = Encoding.UTF8.GetBytes(StrictServer.GoodRequest.PadRight(StrictServer.MaxBytes));
        await connection.SendAsync(body.AsMemory()[..^10]);

        // Only the gauge is asked meanwhile: another request could take the memory that this one still needs.
        using var operations = new HttpClient();
        var held = $"blindai_in_flight_bytes {5 * (StrictServer.MaxBytes - 10)}\n";
        for (var attempt = 0; attempt < 10_000 && !(await operations.GetStringAsync(new Uri(Server.Server.OperationsUrl, "/metrics"), TestContext.Current.CancellationToken)).Contains(held, StringComparison.Ordinal); attempt++)
        {
        }

        AssertOverloaded(await Server.InferAsync(StrictServer.GoodRequest));
        await connection.SendAsync(body.AsMemory()[^10..]);
        Assert.Equal(200, (await connection.ReadAnswerAsync())!.Status);
        Assert.Equal(200, (await Server.InferAsync(StrictServer.GoodRequest)).Status);
    }

    [Fact]
    public async Task Attest_TooOften_IsRefusedWithATimeToRetry()
    {
        var answers = new List<HttpAnswer>();
        for (var round = 0; round < 20; round++)
        {
            answers.Add(await Server.SendAsync(HttpMethod.Post, Routes.Attestation, Encoding.ASCII.GetBytes($$"""{"nonce":"{{new string('A', 43)}}"}""")));
        }

        Assert.Contains(answers, answer => answer.Status == 200);
        Assert.All(answers.Where(answer => answer.Status != 200), AssertOverloaded);
        Assert.Contains(answers, answer => answer.Status == 429);
    }

    [Fact]
    public async Task Infer_WaitsLongerThanItAllows_IsRefused()
    {
        // The queue has one place: the short one may take it before the long one comes, and the long one is then turned away. Once more, then.
        HttpAnswer waiting, ran;
        var tries = 0;
        do
        {
            var running = Server.InferAsync(Busy(1000), "busy");

            // It may come before the long one runs, and be answered, or find it still in the queue's only place.
            do
            {
                waiting = await Server.InferAsync($$"""{"parameters":{"timeout":1},{{Busy(1)[1..]}}""", "busy");
            }
            while (waiting.Status is 200 or 429 && !running.IsCompleted);

            ran = await running;
        }
        while (ran.Status == 429 && ++tries < 10);

        waiting.AssertRefusal(503, ServingCode.DeadlineExceeded);
        Assert.Equal(200, ran.Status);
    }

    [Fact]
    public async Task Delete_WhileARequestIsServed_AnswersItAndRefusesNewOnes()
    {
        Assert.Equal(201, (await Server.UploadAsync("doomed", TestModels.Sum)).Status);
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.BeginAsync($"POST /v2/models/doomed/infer HTTP/1.1\r\nContent-Length: {StrictServer.GoodRequest.Length}");

        (await Server.SendAsync(HttpMethod.Delete, "/v2/models/doomed")).AssertDone();

        (await Server.InferAsync(StrictServer.GoodRequest, "doomed")).AssertRefusal(404, ServingCode.ModelNotFound);
        Assert.DoesNotContain("doomed", await Server.ListAsync());
        await connection.SendAsync(StrictServer.GoodRequest);
        var answer = await connection.ReadAnswerAsync();
        Assert.Equal(200, answer!.Status);
        Assert.Equal(4, answer.Json.GetProperty("outputs")[0].GetProperty("data")[0].GetSingle());
    }

    [Fact]
    public async Task Delete_WhileTheModelRuns_AnswersWhatRunsAndRefusesNewOnes()
    {
        Assert.Equal(201, (await Server.UploadAsync("doomed-run", TestModels.Busy)).Status);
        var running = Server.InferAsync(Busy(1500), "doomed-run");
        await UntilAsync(metrics => !metrics.Contains("blindai_in_flight_bytes 0\n", StringComparison.Ordinal));

        (await Server.SendAsync(HttpMethod.Delete, "/v2/models/doomed-run")).AssertDone();

        (await Server.InferAsync(Busy(1), "doomed-run")).AssertRefusal(404, ServingCode.ModelNotFound);
        Assert.Equal(200, (await running).Status);
    }

    [Fact]
    public async Task Infer_CallerGoesAway_FreesTheThreadForOthers()
    {
        using (var connection = await RawConnection.OpenAsync(Server.Server.Url))
        {
            // Hours of work, if nobody ended it.
            var body = Busy(100_000_000);
            await connection.SendAsync($"POST /v2/models/busy/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: {body.Length}\r\n\r\n{body}");
            await UntilAsync(metrics => !metrics.Contains("blindai_in_flight_bytes 0\n", StringComparison.Ordinal));
            connection.Break();
        }

        // The server learns of it a moment later.
        await UntilAsync(metrics => metrics.Contains("blindai_in_flight_bytes 0\n", StringComparison.Ordinal));
        Assert.Equal(200, (await Server.InferAsync(StrictServer.GoodRequest)).Status);
    }

    [Fact]
    public async Task Infer_AnswerThatIsTooLargeInJson_IsRefusedAndGivenInBinary()
    {
        // 2 MB of tensors fit the memory; as text that is written whole they do not.
        Assert.Equal(201, (await Server.UploadAsync("wide", TestModels.Widen)).Status);
        const string Input = """ "inputs":[{"name":"times","datatype":"INT64","shape":[1],"data":[500000]}] """;

        (await Server.InferAsync($$"""{ {{Input}} }""", "wide")).AssertRefusal(400, ServingCode.ResponseTooLarge, hasHint: true);
        var binary = await Server.InferAsync($$"""{"parameters":{"binary_data_output":true},{{Input}}}""", "wide");

        Assert.Equal(200, binary.Status);
        (await Server.SendAsync(HttpMethod.Delete, "/v2/models/wide")).AssertDone();
    }

    private static string Busy(long times) => $$"""{"inputs":[{"name":"times","datatype":"INT64","shape":[],"data":[{{times}}]}]}""";

    private static void AssertOverloaded(HttpAnswer answer)
    {
        answer.AssertRefusal(429, ServingCode.Overloaded, hasHint: true);
        Assert.True(int.Parse(answer.Headers["retry-after"], System.Globalization.CultureInfo.InvariantCulture) >= 1);
    }

    // Every round is a request that is answered; the time for all is bounded.
    private async Task UntilAsync(Func<string, bool> condition)
    {
        using var http = new HttpClient();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(RawConnection.Limit);
        while (!condition(await http.GetStringAsync(new Uri(Server.Server.OperationsUrl, "/metrics"), limit.Token)))
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }
}
