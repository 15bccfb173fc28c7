using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Inference.Scheduling;

namespace BlindAI.Inference;

/// <summary>Everything that tunes inference.</summary>
public sealed class InferenceOptions
{
    /// <summary>How much may be held.</summary>
    public ModelLimits Limits { get; } = new();

    /// <summary>How a model runs.</summary>
    public EngineOptions Engine { get; } = new();

    /// <summary>How requests wait for a thread.</summary>
    public QueueOptions Queue { get; } = new();
}
