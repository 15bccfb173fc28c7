namespace BlindAI.Inference.Models;

/// <summary>How a model version is scheduled and run, in Triton's terms. What the uploader leaves open, the load decides by measurement.</summary>
/// <remarks>Source: Triton's ModelConfig; docs/scheduling.md says how each is decided.</remarks>
public sealed record ModelConfiguration
{
    /// <summary>
    /// Most rows of a batch; 0 means that the model is never batched, because its first dimension is no batch dimension or because batching gains
    /// nothing. A single request may have more rows than that: it then runs alone.
    /// </summary>
    public int MaxBatchSize { get; init; }

    /// <summary>Sizes that a batch should have, ascending; empty takes what has queued.</summary>
    public IReadOnlyList<int> PreferredBatchSizes { get; init; } = [];

    /// <summary>Longest that a request waits for others to join it while a worker is free. Default 0: never.</summary>
    public TimeSpan MaxQueueDelay { get; init; }

    /// <summary>Priority levels, 1 the highest; 0 means that priorities are ignored.</summary>
    public int PriorityLevels { get; init; }

    /// <summary>The level of requests that name none.</summary>
    public int DefaultPriorityLevel { get; init; }

    /// <summary>Threads inside one run: 1 is the throughput mode, more the latency mode.</summary>
    public int IntraOpThreads { get; init; } = 1;

    /// <summary>As uploaded, or a derived form.</summary>
    public ModelPrecision Precision { get; init; }

    /// <summary>Why <see cref="MaxBatchSize"/> is what it is, in a sentence for the model's owner.</summary>
    public string BatchingReason { get; init; } = "";
}
