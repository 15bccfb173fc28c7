namespace BlindAI.Inference.Models;

/// <summary>What an uploader may decide of a model's <see cref="ModelConfiguration"/>; null leaves it to the load.</summary>
public sealed record ModelOverrides
{
    /// <summary>0 (never) to 1,024. Over 1, a model that the load found fit for batching is batched without asking whether it gains; an unfit one is refused.</summary>
    public int? MaxBatchSize { get; init; }

    /// <summary>Ascending, each 1 to the largest batch.</summary>
    public IReadOnlyList<int>? PreferredBatchSizes { get; init; }

    /// <summary>0 to 1 s.</summary>
    public TimeSpan? MaxQueueDelay { get; init; }

    /// <summary>0 to 16.</summary>
    public int? PriorityLevels { get; init; }

    /// <summary>1 to <see cref="PriorityLevels"/>.</summary>
    public int? DefaultPriorityLevel { get; init; }

    /// <summary>1 to 256.</summary>
    public int? IntraOpThreads { get; init; }

    /// <summary>The form in which it shall run.</summary>
    public ModelPrecision Precision { get; init; }
}
