namespace BlindAI.Client.Models;

/// <summary>What a model's owner decides of its scheduling, in Triton's terms; null leaves it to what the server measures when it loads the model.</summary>
/// <remarks>Source: docs/scheduling.md.</remarks>
public sealed record SchedulingOptions
{
    /// <summary>Most rows of a batch, 2 to 1,024; 0 or 1 switches batching off.</summary>
    public int? MaxBatchSize { get; init; }

    /// <summary>Sizes that a batch should have.</summary>
    public IReadOnlyList<int>? PreferredBatchSizes { get; init; }

    /// <summary>Longest that a request waits for others to join it, up to a second.</summary>
    public TimeSpan? MaxQueueDelay { get; init; }

    /// <summary>Priority levels, up to 16; 0 ignores priorities.</summary>
    public int? PriorityLevels { get; init; }

    /// <summary>The level of requests that name none.</summary>
    public int? DefaultPriorityLevel { get; init; }

    /// <summary>Threads inside one run: more than 1 for the latency of one caller, at the cost of all.</summary>
    public int? IntraOpThreads { get; init; }
}
