using System.Text;
using BlindAI.Client;
using BlindAI.Client.Models;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Sealed mode through proxies that end TLS: everything works, and the proxy learns when and how much.</summary>
public sealed class SealedChannelTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Mark = "marked-by-the-test-77ab";

    // As bytes of a float it is hardly there by chance.
    private const float MarkedNumber = 47110815.5f;

    private const int Megabyte = 1 << 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryCall_ThroughNginx_Works()
    {
        await using var proxy = await TlsProxy.StartAsync(fixture.Server.Url);
        await using var client = await ConnectAsync(proxy.Url, "every-call");
        var model = Large(24 * Megabyte);

        var uploaded = await client.UploadModelAsync("large", new MemoryStream(model), cancellationToken: Cancellation);
        var result = await client.RunAsync("large", Inputs([3]), cancellationToken: Cancellation);
        var listed = await client.ListModelsAsync(Cancellation);
        var described = await client.GetModelAsync("large", cancellationToken: Cancellation);
        await client.DeleteModelAsync("large", cancellationToken: Cancellation);

        Assert.Equal([3f], result["y"].ToArray<float>());
        Assert.Equal(uploaded.Digest, result.Digest?.Value);
        Assert.Equal(["large"], listed.Models);
        Assert.Equal("large", described.Name);
        Assert.Empty((await client.ListModelsAsync(Cancellation)).Models);
    }

    [Fact]
    public async Task Run_LargeInputAndOutput_ThroughNginx_AreWhole()
    {
        await using var proxy = await TlsProxy.StartAsync(fixture.Server.Url);
        await using var client = await ConnectAsync(proxy.Url, "large-tensors");
        await client.UploadModelAsync("identity", new MemoryStream(TestModels.Identity(OnnxType.Float)), cancellationToken: Cancellation);
        float[] values = [.. Enumerable.Range(0, 4 * Megabyte).Select(index => (float)index)];

        var result = await client.RunAsync("identity", Inputs(values), cancellationToken: Cancellation);

        Assert.Equal(values, result["y"].ToArray<float>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EveryCall_Refused_TellsTheEnclavesOwnCode(bool isPadded)
    {
        await using var proxy = await TlsProxy.StartAsync(fixture.Server.Url);
        await using var client = await ConnectAsync(proxy.Url, "refused", isPadded);
        await client.UploadModelAsync("identity", new MemoryStream(TestModels.Identity(OnnxType.Float)), cancellationToken: Cancellation);

        Assert.Equal(ServingCode.ModelNotFound, await RefuseAsync(client.RunAsync("absent", Inputs([1]), cancellationToken: Cancellation)));
        Assert.Equal(ServingCode.ModelNotFound, await RefuseAsync(client.DeleteModelAsync("absent", cancellationToken: Cancellation)));
        Assert.Equal(ServingCode.TensorMissing, await RefuseAsync(client.RunAsync("identity", new Dictionary<string, Tensor>(), cancellationToken: Cancellation)));
        Assert.Equal(ServingCode.ModelInvalid, await RefuseAsync(client.UploadModelAsync("bad", new MemoryStream(new byte[100]), cancellationToken: Cancellation)));
    }

    [Fact]
    public async Task Upload_BeyondTheServersLimit_IsRefusedByTheEnclaveWhileItIsSent()
    {
        await using var proxy = await TlsProxy.StartAsync(fixture.Server.Url);
        await using var client = await ConnectAsync(proxy.Url, "too-large");

        Assert.Equal(ServingCode.RequestTooLarge, await RefuseAsync(client.UploadModelAsync("large", new MemoryStream(new byte[80 * Megabyte]), cancellationToken: Cancellation)));
    }

    [Fact]
    public async Task Upload_FromAStream_LeavesAsItIsRead()
    {
        using var certificate = SelfSigned.Create();
        await using var man = new ManInTheMiddle(fixture.Server.Url, certificate);
        await using var client = await ConnectAsync(man.Url, "as-it-is-read");
        var model = Large(16 * Megabyte);
        var progress = new List<UploadProgress>();

        // The second half comes only when much of the first has passed the man: nobody holds the whole.
        var source = new PausedStream(model, model.Length / 2, () => man.Conversations.Sum(conversation => conversation.FromClient.Length) > 6 * Megabyte);
        var answer = await client.UploadModelAsync("large", source, new() { Progress = new Reports(progress) }, Cancellation);

        Assert.Equal(model.Length, progress[^1].SentBytes);
        Assert.Equal(answer.Digest, (await client.GetModelAsync("large", cancellationToken: Cancellation)).Digest);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EveryCall_ThroughNginxAndAListener_ShowsNeitherAMark(bool isPadded)
    {
        // nginx ends TLS and writes down what it can; behind it somebody records every byte that it has in hand, both ways.
        using var certificate = SelfSigned.Create();
        await using var listener = new ManInTheMiddle(fixture.Server.Url, certificate);
        await using var proxy = await TlsProxy.StartAsync(listener.Url);
        await using var client = await ConnectAsync(proxy.Url, $"{Mark}-namespace", isPadded);

        await client.UploadModelAsync($"{Mark}-model", new MemoryStream(new OnnxGraph($"{Mark}-graph")
            .Input("x", OnnxType.Float, "n").Node("Add", ["x", "x"], [$"{Mark}-output"]).Output($"{Mark}-output", OnnxType.Float, "n").ToModel().Encode()), cancellationToken: Cancellation);
        var result = await client.RunAsync($"{Mark}-model", Inputs([MarkedNumber]), cancellationToken: Cancellation);
        await client.ListModelsAsync(Cancellation);
        await RefuseAsync(client.RunAsync($"{Mark}-absent", Inputs([MarkedNumber]), cancellationToken: Cancellation));
        await client.DeleteModelAsync($"{Mark}-model", cancellationToken: Cancellation);

        Assert.Equal([2 * MarkedNumber], result[$"{Mark}-output"].ToArray<float>());
        var written = proxy.Written();
        Assert.Contains(Routes.SealedRequests, written, StringComparison.Ordinal);
        Assert.True(listener.HasRead(Routes.SealedRequests));
        byte[][] marks =
        [
            Encoding.ASCII.GetBytes(Mark), BitConverter.GetBytes(MarkedNumber), BitConverter.GetBytes(2 * MarkedNumber), "/v2/models"u8.ToArray(), "inputs"u8.ToArray(), "outputs"u8.ToArray(),
            "FP32"u8.ToArray(), Encoding.ASCII.GetBytes(HeaderNames.Namespace), Encoding.ASCII.GetBytes(HeaderNames.ModelDigest), Encoding.ASCII.GetBytes(HeaderNames.Padding),
        ];
        foreach (var mark in marks)
        {
            Assert.False(listener.HasRead(mark));
            foreach (var form in (string[])[Encoding.Latin1.GetString(mark), Convert.ToHexString(mark), Convert.ToHexStringLower(mark), Convert.ToBase64String(mark).TrimEnd('=')[..^1]])
            {
                Assert.DoesNotContain(form, written, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Run_InputsOfTwoLengths_LookAlikeWhenPadded(bool isPadded)
    {
        await using var proxy = await LyingProxy.StartAsync(fixture.Server.Url);
        await using var client = await ConnectAsync(proxy.Url, $"padded-{isPadded}".ToLowerInvariant(), isPadded);
        await client.UploadModelAsync("identity", new MemoryStream(TestModels.Identity(OnnxType.Float)), cancellationToken: Cancellation);
        var before = proxy.Heard.Count;

        await client.RunAsync("identity", Inputs([1]), cancellationToken: Cancellation);
        await client.RunAsync("identity", Inputs([.. Enumerable.Repeat(1f, 50)]), cancellationToken: Cancellation);

        var requests = proxy.Heard.Skip(before).Select(request => request.Body.Length).ToList();
        var answers = proxy.Answered.Skip(before).Select(answer => answer.Body.Length).ToList();
        Assert.Equal(2, requests.Count);
        Assert.Equal(isPadded, requests[0] == requests[1]);
        Assert.Equal(isPadded, answers[0] == answers[1]);
    }

    [Fact]
    public async Task EveryCall_OutsideOfWhatIsSealed_LooksTheSame()
    {
        await using var proxy = await LyingProxy.StartAsync(fixture.Server.Url);
        await using var client = await ConnectAsync(proxy.Url, "looks");
        await client.UploadModelAsync("identity", new MemoryStream(TestModels.Identity(OnnxType.Float)), cancellationToken: Cancellation);
        await client.RunAsync("identity", Inputs([1]), cancellationToken: Cancellation);
        await client.ListModelsAsync(Cancellation);
        await client.DeleteModelAsync("identity", cancellationToken: Cancellation);

        Assert.Equal(4, proxy.Sealed.Count());
        Assert.All(proxy.Sealed, request =>
        {
            Assert.Equal("POST", request.Method);
            Assert.Equal(["content-length", "content-type", "host", "incremental"], request.Headers.Keys.Select(name => name.ToLowerInvariant()).Order());
            Assert.Equal(MediaTypes.OhttpChunkedRequest, request.Headers["content-type"]);
        });
        Assert.All(proxy.Answered.Skip(1), answer => Assert.Equal((200, MediaTypes.OhttpChunkedResponse), (answer.Status, answer.Headers["content-type"])));
    }

    [Fact]
    public async Task List_ClockThatIsAnHourOff_IsRefusedAsStale()
    {
        await using var client = await BlindAIClient.ConnectAsync(fixture.Server.Url, fixture.Policy, new() { Channel = ChannelMode.Sealed, TimeProvider = new FastClock() }, Cancellation);

        Assert.Equal(ServingCode.RequestStale, await RefuseAsync(client.ListModelsAsync(Cancellation)));
    }

    [Fact]
    public async Task Run_Cancelled_EndsAndTheClientGoesOn()
    {
        await using var proxy = await TlsProxy.StartAsync(fixture.Server.Url);
        await using var client = await ConnectAsync(proxy.Url, "cancelled");
        await client.UploadModelAsync("busy", new MemoryStream(TestModels.Busy), cancellationToken: Cancellation);
        using var cancellation = new CancellationTokenSource();

        var run = client.RunAsync("busy", new Dictionary<string, Tensor> { ["times"] = new Tensor(TensorDatatype.Int64, new TensorShape([]), BitConverter.GetBytes(1_000_000L)) }, cancellationToken: cancellation.Token);
        await Task.Delay(TimeSpan.FromMilliseconds(200), Cancellation);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(["busy"], (await client.ListModelsAsync(Cancellation)).Models);
    }

    private static async Task<ServingCode> RefuseAsync(Task call) => (await Assert.ThrowsAsync<ServingException>(() => call)).Code;

    private static Dictionary<string, Tensor> Inputs(float[] values) => new() { ["x"] = Tensor.From(values, values.Length) };

    // y = x, with weights that nobody uses.
    private static byte[] Large(int bytes) => new OnnxGraph("large")
        .Input("x", OnnxType.Float, "n")
        .Constant("weights", OnnxTensor.Of<float>(new float[bytes / sizeof(float)], bytes / sizeof(float)))
        .Node("ReduceSum", ["weights"], ["none"])
        .Node("Add", ["x", "none"], ["y"])
        .Output("y", OnnxType.Float, "n")
        .ToModel()
        .Encode();

    private Task<BlindAIClient> ConnectAsync(Uri url, string owner, bool isPadded = false) => BlindAIClient.ConnectAsync(
        url, fixture.Policy, new() { Channel = ChannelMode.Sealed, PadSealedRequests = isPadded, Namespace = NamespaceName.Parse(owner) }, Cancellation);

    private sealed class FastClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddHours(1);
    }

    private sealed class Reports(List<UploadProgress> reports) : IProgress<UploadProgress>
    {
        public void Report(UploadProgress value) => reports.Add(value);
    }

    /// <summary>A stream of no known length whose rest comes when a condition holds.</summary>
    private sealed class PausedStream(byte[] bytes, int pauseAt, Func<bool> mayGoOn) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (var wait = 0; Position >= pauseAt && !mayGoOn(); wait++)
            {
                Assert.True(wait < 1500, "The first half did not leave.");
                await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
            }

            return Read(buffer.Span);
        }
    }
}
