using BlindAI.Attestation;
using BlindAI.Cli.Bench;
using BlindAI.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace BlindAI.Cli.Tests.Bench;

public sealed class LoadTestTests
{
    private readonly FakeTimeProvider _clock = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_NumberOfRequests_SendsExactlyThatMany()
    {
        var (sent, most, now) = (0, 0, 0);
        var test = new LoadTest(
            async stop =>
            {
                InterlockedMax(ref most, Interlocked.Increment(ref now));
                await Task.Yield();
                Interlocked.Decrement(ref now);
                return Interlocked.Increment(ref sent) % 4 == 0 ? throw new ServingException(ServingCode.Overloaded, "Full.") : 10;
            },
            new() { Concurrency = 4, Requests = 1000 }, TimeProvider.System);

        var result = await test.RunAsync(static _ => { }, Cancellation);

        Assert.Equal((1000, 750, 250, 7500), (sent, result.Answered, result.Failed, result.ReceivedBytes));
        Assert.Equal([((int)ServingCode.Overloaded, 250L)], result.Errors);
        Assert.InRange(most, 1, 4);
        Assert.False(result.IsInterrupted);
    }

    [Fact]
    public async Task Run_Rate_CountsLatencyFromWhenARequestWasDue()
    {
        // Ten a second by one sender. The first answer takes 1 s, so the ten requests after it were due 0.9 s, 0.8 s, ... before they could be sent.
        var sent = 0;
        var test = new LoadTest(
            _ =>
            {
                if (Interlocked.Increment(ref sent) == 1)
                {
                    _clock.Advance(TimeSpan.FromSeconds(1));
                }

                return Task.FromResult(0L);
            },
            new() { Concurrency = 1, Requests = 11, Rate = 10 }, _clock);

        var result = await test.RunAsync(static _ => { }, Cancellation);

        Assert.Equal(11, result.Answered);
        Assert.Equal(TimeSpan.FromSeconds(1), result.Max);
        Assert.Equal(0.5, result.P50.TotalSeconds, 0.01);
        Assert.Equal(5.5 / 11, result.Mean.TotalSeconds, 0.001);
    }

    [Fact]
    public async Task Run_Duration_BeginsNoRequestAfterIt()
    {
        var sent = 0;
        var test = new LoadTest(
            _ =>
            {
                sent++;
                _clock.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(0L);
            },
            new() { Concurrency = 1, Duration = TimeSpan.FromSeconds(5), WarmUp = TimeSpan.FromSeconds(3) }, _clock);

        var result = await test.RunAsync(static _ => { }, Cancellation);

        Assert.Equal((8, 5, 1), (sent, result.Answered, (int)result.Throughput));
    }

    [Fact]
    public async Task Run_Interrupted_AnswersWhatWasMeasured()
    {
        using var interrupt = new CancellationTokenSource();
        var sent = 0;
        var test = new LoadTest(
            async stop =>
            {
                if (Interlocked.Increment(ref sent) > 20)
                {
                    await interrupt.CancelAsync();
                    await Task.Delay(Timeout.Infinite, stop);
                }

                return 0;
            },
            new() { Concurrency = 3, Requests = long.MaxValue }, TimeProvider.System);

        var result = await test.RunAsync(static _ => { }, interrupt.Token);

        Assert.Equal((20, 0, true), (result.Answered, result.Failed, result.IsInterrupted));
    }

    [Fact]
    public async Task Run_AnswersThatNeverCome_EndAfterPatience()
    {
        var isHanging = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var test = new LoadTest(
            async stop =>
            {
                isHanging.SetResult();
                await Task.Delay(Timeout.Infinite, stop);
                return 0;
            },
            new() { Concurrency = 1, Duration = TimeSpan.FromSeconds(1) }, _clock);

        var run = test.RunAsync(static _ => { }, Cancellation);
        await isHanging.Task;
        _clock.Advance(TimeSpan.FromSeconds(1) + LoadTest.Patience);

        Assert.Equal([((int)ServingCode.DeadlineExceeded, 1L)], (await run).Errors);
    }

    [Fact]
    public async Task Run_ServerNotTrustedAnyMore_Ends()
    {
        var test = new LoadTest(
            async stop =>
            {
                await Task.Yield();
                throw new AttestationException(RejectionCode.EnclaveExpired, "Another program.");
            },
            new() { Concurrency = 8, Requests = long.MaxValue }, TimeProvider.System);

        await Assert.ThrowsAsync<AttestationException>(() => test.RunAsync(static _ => { }, Cancellation));
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }
}
