namespace BlindAI.Protocol.Models;

/// <summary>The executions of one batch size.</summary>
/// <remarks>Source: Triton's statistics extension, <c>batch_stats</c>.</remarks>
public sealed record InferenceBatchStatistics(int BatchSize, StatisticDuration ComputeInput, StatisticDuration ComputeInfer, StatisticDuration ComputeOutput);
