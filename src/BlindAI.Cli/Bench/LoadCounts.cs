namespace BlindAI.Cli.Bench;

/// <summary>What a load test has measured so far. Many threads count.</summary>
internal sealed class LoadCounts
{
    private readonly Lock _gate = new();
    private readonly LatencyHistogram _latencies = new();
    private readonly SortedDictionary<int, long> _errors = [];
    private long _received;

    public void CountAnswer(TimeSpan latency, long receivedBytes)
    {
        lock (_gate)
        {
            _latencies.Add(latency);
            _received += receivedBytes;
        }
    }

    public void CountError(int code)
    {
        lock (_gate)
        {
            _errors[code] = _errors.GetValueOrDefault(code) + 1;
        }
    }

    /// <summary>The figures as they are now.</summary>
    public LoadResult Read(TimeSpan elapsed, bool isInterrupted = false)
    {
        lock (_gate)
        {
            return new()
            {
                Elapsed = elapsed,
                IsInterrupted = isInterrupted,
                Answered = _latencies.Count,
                ReceivedBytes = _received,
                Errors = [.. _errors.Select(error => (error.Key, error.Value))],
                Mean = _latencies.Mean,
                P50 = _latencies.Quantile(0.5),
                P90 = _latencies.Quantile(0.9),
                P99 = _latencies.Quantile(0.99),
                P999 = _latencies.Quantile(0.999),
                Max = _latencies.Max,
            };
        }
    }
}
