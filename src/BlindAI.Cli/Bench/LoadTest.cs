using BlindAI.Protocol;

namespace BlindAI.Cli.Bench;

/// <summary>Sends requests as a plan says and measures the answers.</summary>
/// <remarks>
/// With a rate, latency counts from the instant at which a request was due, so a server that stalls cannot hide the requests that it kept from being sent.
/// Where a sender was free at that instant, and only its timer woke it late, latency counts from the sending: that delay is this side's.
/// </remarks>
/// <param name="send">Sends one request and answers the bytes that were received; it throws what the client throws.</param>
/// <param name="plan">How to load.</param>
/// <param name="clock">The clock.</param>
internal sealed class LoadTest(Func<CancellationToken, Task<long>> send, LoadPlan plan, TimeProvider clock)
{
    /// <summary>How long answers are awaited after the last request was begun.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan ShowInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs the test; interrupted, it answers what was measured until then.</summary>
    /// <param name="show">Called now and then with what was measured so far.</param>
    /// <param name="interrupt">Ends the test early.</param>
    /// <exception cref="Attestation.AttestationException">The server is not trusted any more: the test ends.</exception>
    public async Task<LoadResult> RunAsync(Action<LoadResult> show, CancellationToken interrupt)
    {
        if (plan.WarmUp > TimeSpan.Zero)
        {
            await RunPhaseAsync(new(), plan.WarmUp, null, null, interrupt);
        }

        var counts = new LoadCounts();
        var start = clock.GetTimestamp();
        var phase = RunPhaseAsync(counts, plan.Duration, plan.Requests, plan.Rate, interrupt);
        while (await Task.WhenAny(phase, Task.Delay(ShowInterval, clock, CancellationToken.None)) != phase)
        {
            show(counts.Read(clock.GetElapsedTime(start)));
        }

        await phase;
        return counts.Read(clock.GetElapsedTime(start), interrupt.IsCancellationRequested);
    }

    private async Task RunPhaseAsync(LoadCounts counts, TimeSpan? duration, long? requests, double? rate, CancellationToken interrupt)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(interrupt);
        using var late = duration is { } limit ? new CancellationTokenSource(limit + Patience, clock) : new CancellationTokenSource();
        using var registration = late.Token.Register(stop.Cancel);
        var start = clock.GetTimestamp();
        var taken = 0L;
        await Task.WhenAll(Enumerable.Range(0, plan.Concurrency).Select(_ => Task.Run(SendAllAsync, CancellationToken.None)));

        async Task SendAllAsync()
        {
            try
            {
                while (!stop.IsCancellationRequested && await TakeAsync() is { } begun)
                {
                    await SendAsync(begun);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Interrupted between two requests.
            }
            catch
            {
                await stop.CancelAsync();
                throw;
            }
        }

        // The instant from which the next request's latency counts; null when there is none.
        async Task<long?> TakeAsync()
        {
            var number = Interlocked.Increment(ref taken) - 1;
            var due = rate is { } perSecond ? TimeSpan.FromSeconds(number / perSecond) : clock.GetElapsedTime(start);
            if (number >= requests || due >= duration)
            {
                return null;
            }

            var wait = due - clock.GetElapsedTime(start);
            if (rate is null || wait <= TimeSpan.Zero)
            {
                return start + (long)(due.TotalSeconds * clock.TimestampFrequency);
            }

            await Task.Delay(wait, clock, stop.Token);
            return clock.GetTimestamp();
        }

        async Task SendAsync(long begun)
        {
            try
            {
                var received = await send(stop.Token);
                counts.CountAnswer(clock.GetElapsedTime(begun), received);
            }
            catch (ServingException exception) when (!interrupt.IsCancellationRequested)
            {
                counts.CountError((int)exception.Code);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                counts.CountError((int)ServingCode.ConnectionLost);         // the client's own limit
            }
            catch (Exception exception) when (exception is OperationCanceledException or ServingException && stop.IsCancellationRequested)
            {
                // What an interruption cut off says nothing about the server; what is not answered in time does.
                if (late.IsCancellationRequested)
                {
                    counts.CountError((int)ServingCode.DeadlineExceeded);
                }
            }
        }
    }
}
