namespace BlindAI.Protocol.Inference;

/// <summary>What a client asks for beside the inputs of a request.</summary>
public sealed record InferenceWishes
{
    /// <summary>The outputs asked for; empty means all.</summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];

    /// <summary>The digests that are accepted; empty when any will do.</summary>
    public IReadOnlyList<string> ModelDigests { get; init; } = [];

    /// <summary>The priority; 0 for the model's default.</summary>
    public ulong Priority { get; init; }

    /// <summary>Longest waiting time; null for the server's.</summary>
    public TimeSpan? QueueTimeout { get; init; }
}
