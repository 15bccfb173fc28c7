using BlindAI.Bench.Engine.Contenders;

namespace BlindAI.Bench.Engine.Measuring;

/// <summary>Clients that keep a server busy until they are told to stop.</summary>
internal sealed class BackgroundLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();

    private readonly Task _all;

    private int _answered;

    public BackgroundLoad(Contender contender, int clients) => _all = Task.WhenAll(Enumerable.Range(0, clients).Select(_ => CallAsync(contender.MakeCaller())));

    /// <summary>Answers so far.</summary>
    public int Answered => Volatile.Read(ref _answered);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _all;
        _stop.Dispose();
    }

    private async Task CallAsync(Func<ValueTask<float[]>> caller)
    {
        await Task.Yield();
        while (!_stop.IsCancellationRequested)
        {
            await caller();
            Interlocked.Increment(ref _answered);
        }
    }
}
