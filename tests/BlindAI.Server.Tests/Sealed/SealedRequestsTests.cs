using System.Buffers;
using System.Globalization;
using System.Net;
using BlindAI.Protocol;
using BlindAI.Protocol.Ohttp;
using BlindAI.Server.Sealed;
using BlindAI.Testing;
using Microsoft.AspNetCore.Http;

namespace BlindAI.Server.Tests.Sealed;

public sealed class SealedRequestsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rotation_OldKey_AnswersForItsGraceAndIsRefusedAfterwards()
    {
        await using var server = await SealedServer.StartAsync(Echo);
        var old = await server.GetKeysAsync();
        server.Clock.Advance(SealedRequestKeys.Lifetime);
        var current = await server.GetKeysAsync();
        Assert.NotEqual(old, current);

        await AssertAnswersAsync(server, old);
        await AssertAnswersAsync(server, current);

        server.Clock.Advance(SealedRequestKeys.Grace);
        using var call = new SealedCall(old);
        using var late = await server.PostAsync(new ByteArrayContent(call.Seal(Message(server))));
        Assert.Equal((HttpStatusCode.BadRequest, MediaTypes.ProblemJson), (late.StatusCode, late.Content.Headers.ContentType!.MediaType));
        Assert.Contains("#ohttp-key", await late.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        await AssertAnswersAsync(server, current);
    }

    [Fact]
    public async Task Rotation_Replay_IsStillKnown()
    {
        await using var server = await SealedServer.StartAsync(Echo);
        server.Clock.Advance(SealedRequestKeys.Lifetime - TimeSpan.FromMinutes(1));
        using var call = new SealedCall(await server.GetKeysAsync());
        var body = call.Seal(Message(server));
        Assert.Equal((200, null), await server.CallAsync(call, body));

        server.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal((409, ServingCode.RequestReplayed), await server.CallAsync(call, body));
    }

    [Fact]
    public async Task ReplayMemory_Full_IsToldInside()
    {
        await using var server = await SealedServer.StartAsync(Echo, capacity: 1);
        var keys = await server.GetKeysAsync();
        await AssertAnswersAsync(server, keys);
        using var call = new SealedCall(keys);
        Assert.Equal((503, ServingCode.ReplayMemoryFull), await server.CallAsync(call, call.Seal(Message(server))));
    }

    [Fact]
    public async Task LargeRequest_IsReadAndAnsweredAsItArrives()
    {
        await using var server = await SealedServer.StartAsync(Echo);
        using var call = new SealedCall(await server.GetKeysAsync());
        var message = Message(server, new byte[1 << 20]);
        var isAnswered = new TaskCompletionSource();
        using var body = new PacedContent(
            [.. call.Head, .. call.Chunk(message.AsSpan(0, 10_000), isFinal: false)], isAnswered.Task, call.Chunk(message.AsSpan(10_000), isFinal: true));
        using var answer = await server.PostAsync(body).WaitAsync(Limit, Cancellation);
        var (head, content) = await call.OpenAsync(await answer.Content.ReadAsStreamAsync(Cancellation), Cancellation);
        Assert.Equal(200, head.Status);

        // The first piece comes back while the rest has not been sent.
        var first = await content.ReadAsync(Cancellation).AsTask().WaitAsync(Limit, Cancellation);
        Assert.False(first.IsCompleted);
        var count = first.Buffer.Length;
        content.AdvanceTo(first.Buffer.End);
        isAnswered.SetResult();

        var rest = new MemoryStream();
        await content.CopyToAsync(rest, Cancellation);
        Assert.Equal(1 << 20, count + rest.Length);
    }

    [Fact]
    public async Task Answer_BrokenOff_HasNoFinalChunk()
    {
        await using var server = await SealedServer.StartAsync(async context =>
        {
            await context.Response.Body.WriteAsync(new byte[100_000], context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            throw new InvalidOperationException("secret");
        });
        await AssertCutAsync(server);
    }

    [Fact]
    public async Task Answer_ShorterThanStated_HasNoFinalChunk()
    {
        await using var server = await SealedServer.StartAsync(async context =>
        {
            context.Response.ContentLength = 200_000;
            await context.Response.Body.WriteAsync(new byte[100_000], context.RequestAborted);
        });
        await AssertCutAsync(server);
    }

    [Fact]
    public async Task Answer_StatedTooLongForOnePiece_IsRefusedInside()
    {
        await using var server = await SealedServer.StartAsync(async context =>
        {
            context.Response.ContentLength = SealedAnswer.MaxSingleLength + 1;
            await context.Response.Body.WriteAsync(new byte[SealedAnswer.MaxSingleLength + 1], context.RequestAborted);
        });
        await AssertTooLongAsync(server);
    }

    [Fact]
    public async Task Answer_HeldTooLongForOnePiece_IsRefusedInside()
    {
        await using var server = await SealedServer.StartAsync(context =>
        {
            for (var left = SealedAnswer.MaxSingleLength + 1; left > 0; left -= 1000)
            {
                context.Response.BodyWriter.Write(new byte[Math.Min(left, 1000)]);
            }

            return Task.CompletedTask;
        });
        await AssertTooLongAsync(server);
    }

    [Fact]
    public async Task Answer_WrittenTooLongForOnePiece_IsCut()
    {
        await using var server = await SealedServer.StartAsync(async context =>
        {
            for (var left = SealedAnswer.MaxSingleLength + 1; left > 0; left -= 10_000)
            {
                await context.Response.Body.WriteAsync(new byte[Math.Min(left, 10_000)], context.RequestAborted);
            }
        });
        using var call = new SealedCall(await server.GetKeysAsync(), OhttpForm.Single);
        await Assert.ThrowsAsync<HttpRequestException>(() => server.PostAsync(new ByteArrayContent(call.Seal(Message(server))), MediaTypes.OhttpRequest));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answer_OfExactlyWhatOnePieceMayHave_IsWhole(bool statesLength)
    {
        await using var server = await SealedServer.StartAsync(async context =>
        {
            context.Response.ContentLength = statesLength ? SealedAnswer.MaxSingleLength : null;
            await context.Response.Body.WriteAsync(new byte[SealedAnswer.MaxSingleLength], context.RequestAborted);
        });
        using var call = new SealedCall(await server.GetKeysAsync(), OhttpForm.Single);
        var message = SealedCall.Message("GET", "/", headers: [Date(server), (HeaderNames.Padding, "1")]);
        Assert.Equal((200, null), await server.CallAsync(call, call.Seal(message), MediaTypes.OhttpRequest));
    }

    [Fact]
    public async Task Caller_GoesAway_CancelsTheRequestInsideAndReleasesWhatItHeld()
    {
        var begun = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        var released = new TaskCompletionSource();
        await using var server = await SealedServer.StartAsync(async context =>
        {
            context.Response.OnCompleted(() =>
            {
                released.SetResult();
                return Task.CompletedTask;
            });
            await using var registration = context.RequestAborted.Register(cancelled.SetResult);
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var call = new SealedCall(await server.GetKeysAsync());
        using var caller = new CancellationTokenSource();
        var answer = server.SendAsync(new ByteArrayContent(call.Seal(Message(server))), MediaTypes.OhttpChunkedRequest, caller.Token);
        await begun.Task.WaitAsync(Limit, Cancellation);
        await caller.CancelAsync();

        await cancelled.Task.WaitAsync(Limit, Cancellation);
        await released.Task.WaitAsync(Limit, Cancellation);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
    }

    [Fact]
    public async Task BeginningsOfChunks_TakeTheMemoryForRequests()
    {
        await using var server = await SealedServer.StartAsync(Echo, maxInFlightBytes: 100_000);
        using var call = new SealedCall(await server.GetKeysAsync());
        using var answer = await server.PostAsync(new ByteArrayContent(call.Seal(Message(server, new byte[200_000]))));
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.Equal(0, server.Metrics.AddInFlight(0));
    }

    [Fact]
    public async Task Refusals_Inside_DoNotFillTheReplayMemory()
    {
        await using var server = await SealedServer.StartAsync(Echo, capacity: 1);
        var keys = await server.GetKeysAsync();
        for (var round = 0; round < 3; round++)
        {
            using var call = new SealedCall(keys);
            Assert.Equal((400, ServingCode.SealedRouteRefused), await server.CallAsync(call, call.Seal(SealedCall.Message("GET", Routes.Attestation, headers: [Date(server)]))));
        }

        await AssertAnswersAsync(server, keys);
    }

    private static async Task Echo(HttpContext context)
    {
        // What the caller sees first is what has arrived.
        context.Response.StatusCode = StatusCodes.Status200OK;
        await context.Response.StartAsync(context.RequestAborted);
        await context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private static (string, string) Date(SealedServer server) => ("date", server.Clock.GetUtcNow().ToString("r", CultureInfo.InvariantCulture));

    private static byte[] Message(SealedServer server, byte[]? content = null) => SealedCall.Message("POST", "/", content ?? [], [Date(server)]);

    private static async Task AssertAnswersAsync(SealedServer server, byte[] keys)
    {
        using var call = new SealedCall(keys);
        Assert.Equal((200, null), await server.CallAsync(call, call.Seal(Message(server))));
    }

    private static async Task AssertTooLongAsync(SealedServer server)
    {
        using var call = new SealedCall(await server.GetKeysAsync(), OhttpForm.Single);
        Assert.Equal((413, ServingCode.RequestTooLarge), await server.CallAsync(call, call.Seal(Message(server)), MediaTypes.OhttpRequest));
    }

    // The connection breaks as well; a proxy might mend that, and the message inside still has no end.
    private static async Task AssertCutAsync(SealedServer server)
    {
        using var call = new SealedCall(await server.GetKeysAsync());
        using var answer = await server.PostAsync(new ByteArrayContent(call.Seal(Message(server))));
        var received = new MemoryStream();
        try
        {
            await answer.Content.CopyToAsync(received, Cancellation);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            Assert.True(received.Length > 0);
        }

        await Assert.ThrowsAsync<OhttpException>(() => call.OpenAsync(received.ToArray(), Cancellation));
    }

    /// <summary>A body whose second part waits until a task is done.</summary>
    private sealed class PacedContent(byte[] first, Task between, byte[] second) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(first, Cancellation);
            await stream.FlushAsync(Cancellation);
            await between.WaitAsync(Limit, Cancellation);
            await stream.WriteAsync(second, Cancellation);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
