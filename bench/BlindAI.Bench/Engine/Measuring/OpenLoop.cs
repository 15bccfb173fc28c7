using System.Diagnostics;
using BlindAI.ReferenceModels;

namespace BlindAI.Bench.Engine.Measuring;

/// <summary>Requests that arrive on their own, as from many users: a Poisson process whose arrivals a seed decides.</summary>
/// <remarks>
/// A request's time counts from the moment at which it was meant to arrive, not from that at which it could be sent: otherwise a slow server would slow
/// its own load down and look quick ("coordinated omission").
/// </remarks>
internal static class OpenLoop
{
    /// <summary>Gives each request's microseconds, in order of size.</summary>
    public static async Task<double[]> RunAsync(Func<ValueTask<float[]>> caller, double requestsPerSecond, TimeSpan duration, ulong seed)
    {
        GC.Collect();
        var arrivals = MakeArrivals(requestsPerSecond, duration.TotalSeconds, seed);
        var requests = new Task<double>[arrivals.Count];
        var started = Stopwatch.GetTimestamp();

        // A thread of its own that sleeps: a timer of the pool would wait behind the answers.
        await Task.Factory.StartNew(
            () =>
            {
                for (var index = 0; index < requests.Length; index++)
                {
                    var intended = started + (long)(arrivals[index] * Stopwatch.Frequency);
                    while (Stopwatch.GetTimestamp() < intended)
                    {
                        Thread.Sleep(1);
                    }

                    requests[index] = Task.Run(() => AskAsync(caller, intended));
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        return [.. (await Task.WhenAll(requests)).Order()];
    }

    private static async Task<double> AskAsync(Func<ValueTask<float[]>> caller, long intended)
    {
        await caller();
        return Stopwatch.GetElapsedTime(intended).TotalMicroseconds;
    }

    // Seconds from the start, with gaps of an exponential distribution.
    private static List<double> MakeArrivals(double perSecond, double seconds, ulong seed)
    {
        var source = new SeededWeights(seed);
        var arrivals = new List<double>();
        for (var now = 0.0; now < seconds; now += -Math.Log((source.Next(1 << 30) + 1.0) / ((1 << 30) + 1.0)) / perSecond)
        {
            arrivals.Add(now);
        }

        return arrivals;
    }
}
