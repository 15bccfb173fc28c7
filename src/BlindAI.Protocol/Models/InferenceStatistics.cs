namespace BlindAI.Protocol.Models;

/// <summary>Where the time of a model's requests went.</summary>
/// <remarks>Source: Triton's statistics extension, <c>inference_stats</c>. There is no cache here: its two figures stay 0.</remarks>
public sealed record InferenceStatistics
{
    /// <summary>Requests that were answered, from queueing to answer.</summary>
    public required StatisticDuration Success { get; init; }

    /// <summary>Requests that were not.</summary>
    public required StatisticDuration Fail { get; init; }

    /// <summary>Waiting for the engine.</summary>
    public required StatisticDuration Queue { get; init; }

    /// <summary>Putting the inputs before the engine.</summary>
    public required StatisticDuration ComputeInput { get; init; }

    /// <summary>The engine.</summary>
    public required StatisticDuration ComputeInfer { get; init; }

    /// <summary>Taking the outputs.</summary>
    public required StatisticDuration ComputeOutput { get; init; }

    /// <summary>Answers from a cache.</summary>
    public StatisticDuration CacheHit { get; init; }

    /// <summary>Requests that a cache did not know.</summary>
    public StatisticDuration CacheMiss { get; init; }
}
