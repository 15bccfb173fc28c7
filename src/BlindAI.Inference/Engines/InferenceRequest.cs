using BlindAI.Protocol.Tensors;

namespace BlindAI.Inference.Engines;

/// <summary>One run of a model: what goes in and what is wanted.</summary>
/// <remarks>
/// The inputs are referred to, not copied: their memory must stay as it is until the run has failed, or its outputs are disposed. A graph may pass an
/// input through, and the output is then a view of it.
/// </remarks>
public sealed record InferenceRequest(IReadOnlyList<NamedTensor> Inputs)
{
    /// <summary>Names of the outputs that are wanted, answered in this order; none asks for all, in the model's order.</summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];

    /// <summary>Longest to wait for a thread; null for the queue's own limit, which it can only shorten.</summary>
    public TimeSpan? QueueTimeout { get; init; }

    /// <summary>The priority: 1 is the highest, 0 the model's default. Only models that have levels heed it.</summary>
    public ulong Priority { get; init; }

    /// <summary>Whether the engine gives back, after the run, the memory that runs have needed and this one did not. It costs time.</summary>
    public bool ReleasesMemory { get; init; }

    /// <summary>Who asks, for fair sharing: requests of one caller never make those of another wait longer than their turn. Compared by equality.</summary>
    public object? Caller { get; init; }
}
