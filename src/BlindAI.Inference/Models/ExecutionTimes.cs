namespace BlindAI.Inference.Models;

/// <summary>What one run of the engine took: putting the inputs before it, the run itself, taking the outputs.</summary>
public readonly record struct ExecutionTimes(TimeSpan Input, TimeSpan Infer, TimeSpan Output);
