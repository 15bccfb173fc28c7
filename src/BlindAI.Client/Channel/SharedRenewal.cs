using BlindAI.Attestation.Evidence;

namespace BlindAI.Client.Channel;

/// <summary>One verification at a time: callers that come together share it. Disposing it ends the one that runs.</summary>
/// <param name="renew">Verifies the server anew; its token ends with this object.</param>
internal sealed class SharedRenewal(Func<CancellationToken, Task<VerifiedEnclave>> renew) : IAsyncDisposable
{
    private readonly CancellationTokenSource _closing = new();

    private readonly Lock _lock = new();

    private Task<VerifiedEnclave>? _running;

    /// <summary>Whether it has been disposed.</summary>
    public bool IsClosed => _closing.IsCancellationRequested;

    /// <summary>Joins the verification that runs, or begins one.</summary>
    public Task<VerifiedEnclave> RunAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_running is not { IsCompleted: false })
            {
                _running = Task.Run(() => renew(_closing.Token), CancellationToken.None);
            }

            return _running.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The same, without waiting: a failure shows when the proof is needed.</summary>
    public void RunInBackground() => _ = RunAsync(CancellationToken.None)
        .ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        Task<VerifiedEnclave>? running;
        lock (_lock)
        {
            running = _running;
        }

        if (running is not null)
        {
            // Its outcome belongs to those who waited for it; here it must only have ended.
            await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _closing.Dispose();
    }
}
