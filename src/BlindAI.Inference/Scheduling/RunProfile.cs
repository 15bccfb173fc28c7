namespace BlindAI.Inference.Scheduling;

/// <summary>What a load measured of a model's runs, as far as the scheduler acts on it.</summary>
public sealed record RunProfile
{
    /// <summary>Nothing is known: requests are queued, and batched only if the owner said so.</summary>
    public static RunProfile Unknown { get; } = new();

    /// <summary>
    /// Elements of a request up to which it runs on the thread that received it, since handing it over would cost more than the run; 0 for never.
    /// </summary>
    public long InlineElements { get; init; }

    /// <summary>Elements of a row up to which batching pays; longer rows fill the processor alone. Not limited where the owner decided.</summary>
    public long BatchedRowElements { get; init; } = long.MaxValue;
}
