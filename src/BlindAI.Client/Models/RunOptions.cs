namespace BlindAI.Client.Models;

/// <summary>What a caller asks for beside the inputs.</summary>
public sealed record RunOptions
{
    /// <summary>The version; null takes the newest that is loaded.</summary>
    public int? Version { get; init; }

    /// <summary>The outputs to return; null returns all.</summary>
    public IReadOnlyList<string>? Outputs { get; init; }

    /// <summary>The priority: 1 is the highest, 0 the model's default. Models without levels ignore it.</summary>
    public int Priority { get; init; }

    /// <summary>Longest that the request may wait for its turn; null leaves it to the server. It does not bound the run.</summary>
    public TimeSpan? QueueTimeout { get; init; }
}
