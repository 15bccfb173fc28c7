using System.Diagnostics;
using BlindAI.Bench.Engine.Contenders;

namespace BlindAI.Bench.Engine.Measuring;

/// <summary>Callers that each send their next request when the last was answered.</summary>
internal static class ClosedLoop
{
    /// <summary>Runs the callers for a time. Requests that are on their way at its end are waited for and counted, and so is the time they take.</summary>
    public static async Task<Turn> RunAsync(Contender contender, IReadOnlyList<Func<ValueTask<float[]>>> callers, TimeSpan duration)
    {
        // What others left behind is not collected on this turn's time.
        GC.Collect();
        var started = Stopwatch.GetTimestamp();
        var end = started + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var times = contender.RunsInProcess
            ? await RunOnThreadsAsync(callers, end)
            : await Task.WhenAll(callers.Select(caller => CallAsync(caller, end)));
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new([.. times.SelectMany(list => list).Select(ticks => ticks * 1e6 / Stopwatch.Frequency).Order()], seconds);
    }

    private static async Task<List<long>> CallAsync(Func<ValueTask<float[]>> caller, long end)
    {
        // The first request of every caller must not wait for the one before it to be written.
        await Task.Yield();
        var times = new List<long>();
        long now;
        do
        {
            var sent = Stopwatch.GetTimestamp();
            await caller();
            now = Stopwatch.GetTimestamp();
            times.Add(now - sent);
        }
        while (now < end);
        return times;
    }

    private static async Task<List<long>[]> RunOnThreadsAsync(IReadOnlyList<Func<ValueTask<float[]>>> callers, long end) =>
        await Task.WhenAll(callers.Select(caller => Task.Factory.StartNew(
            () =>
            {
                var times = new List<long>();
                long now;
                do
                {
                    var sent = Stopwatch.GetTimestamp();
                    var answer = caller();
                    Debug.Assert(answer.IsCompleted, "It runs on this thread.");
                    now = Stopwatch.GetTimestamp();
                    times.Add(now - sent);
                }
                while (now < end);
                return times;
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
}
