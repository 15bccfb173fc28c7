namespace BlindAI.Cli.Bench;

/// <summary>The figures of a load test. Latencies are of the requests that were answered.</summary>
internal sealed record LoadResult
{
    /// <summary>From the first request's beginning to the last one's end, warm-up left out.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Whether it ended before its plan did.</summary>
    public required bool IsInterrupted { get; init; }

    public required long Answered { get; init; }

    /// <summary>Bytes of the tensors in the answers.</summary>
    public required long ReceivedBytes { get; init; }

    /// <summary>Requests that were not answered, by code, ascending.</summary>
    public required IReadOnlyList<(int Code, long Count)> Errors { get; init; }

    public required TimeSpan Mean { get; init; }

    public required TimeSpan P50 { get; init; }

    public required TimeSpan P90 { get; init; }

    public required TimeSpan P99 { get; init; }

    public required TimeSpan P999 { get; init; }

    public required TimeSpan Max { get; init; }

    public long Failed => Errors.Sum(error => error.Count);

    /// <summary>Answers in a second.</summary>
    public double Throughput => Elapsed > TimeSpan.Zero ? Answered / Elapsed.TotalSeconds : 0;
}
