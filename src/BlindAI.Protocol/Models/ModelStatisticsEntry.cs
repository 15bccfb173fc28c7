namespace BlindAI.Protocol.Models;

/// <summary>The counts of one model version.</summary>
/// <remarks>Source: Triton's statistics extension, "Statistics Response JSON Object".</remarks>
public sealed record ModelStatisticsEntry
{
    /// <summary>The model's name.</summary>
    public required string Name { get; init; }

    /// <summary>Its version.</summary>
    public required string Version { get; init; }

    /// <summary>When it last ran, in milliseconds since 1970; 0 before the first run.</summary>
    public required long LastInference { get; init; }

    /// <summary>Rows that were inferred.</summary>
    public required long InferenceCount { get; init; }

    /// <summary>Runs of the engine.</summary>
    public required long ExecutionCount { get; init; }

    /// <summary>Where the time went.</summary>
    public required InferenceStatistics InferenceStats { get; init; }

    /// <summary>The executions by batch size.</summary>
    public required IReadOnlyList<InferenceBatchStatistics> BatchStats { get; init; }
}
