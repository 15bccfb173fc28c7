namespace BlindAI.Cli.Bench;

/// <summary>How a load test loads.</summary>
internal sealed record LoadPlan
{
    /// <summary>Most requests at once.</summary>
    public required int Concurrency { get; init; }

    /// <summary>How long requests are begun; null where their number ends the test.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>How many requests are sent; null where time ends the test.</summary>
    public long? Requests { get; init; }

    /// <summary>Requests that arrive in a second, evenly; null sends the next when one is answered.</summary>
    public double? Rate { get; init; }

    /// <summary>How long requests are sent before those that count.</summary>
    public TimeSpan WarmUp { get; init; }
}
