namespace BlindAI.Inference.Models;

/// <summary>The executions of one batch size.</summary>
/// <param name="BatchSize">Requests in a batch.</param>
/// <param name="Executions">Runs of the engine with that many.</param>
/// <param name="ComputeInput">How long putting the inputs together took.</param>
/// <param name="ComputeInfer">How long the engine ran.</param>
/// <param name="ComputeOutput">How long taking the outputs apart took.</param>
public sealed record BatchStatistics(int BatchSize, long Executions, DurationCount ComputeInput, DurationCount ComputeInfer, DurationCount ComputeOutput);
