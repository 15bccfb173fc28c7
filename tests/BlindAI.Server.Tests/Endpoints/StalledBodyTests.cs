using System.IO.Pipelines;
using BlindAI.Protocol;
using BlindAI.Protocol.Inference;
using Microsoft.Extensions.Time.Testing;

namespace BlindAI.Server.Tests.Endpoints;

/// <summary>Bodies that nearly come: what they hold, they hold for half a minute.</summary>
public sealed class StalledBodyTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 0));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReadJsonAsync_NothingMoreComes_IsGivenUpAndThePipeStaysUsable()
    {
        var reading = Read();
        await SendAsync(200_000);

        _time.Advance(TimeSpan.FromSeconds(30));
        await SendAsync(10);
        Assert.False(reading.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(ServingCode.DeadlineExceeded, (await Assert.ThrowsAsync<ServingException>(() => reading)).Code);
        await SendAsync(1);
        var left = await _pipe.Reader.ReadAsync(Token);
        Assert.False(left.IsCanceled);
    }

    [Fact]
    public async Task ReadJsonAsync_EnoughInEverySpan_IsRead()
    {
        var reading = Read();
        for (var span = 0; span < 5; span++)
        {
            await SendAsync(64 * 1024);
            _time.Advance(TimeSpan.FromSeconds(30));
        }

        await _pipe.Writer.WriteAsync("""{"inputs":[]}"""u8.ToArray(), Token);
        await _pipe.Writer.CompleteAsync();
        using var request = await reading;
        Assert.Empty(request.Inputs);
    }

    private Task<DecodedRequest> Read() => new InferenceBodyReader(_pipe.Reader, new()) { Time = _time }.ReadJsonAsync(Token).AsTask();

    // White space is JSON that means nothing.
    private async Task SendAsync(int length)
    {
        await _pipe.Writer.WriteAsync(Enumerable.Repeat((byte)' ', length).ToArray(), Token);
        for (var turn = 0; turn < 20; turn++)
        {
            await Task.Delay(1, Token);
        }
    }
}
