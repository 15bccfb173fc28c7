namespace BlindAI.Inference.Models;

/// <summary>Counts events and sums how long they took. Many threads add without a lock.</summary>
public sealed class DurationCounter
{
    private long _count;
    private long _ticks;

    /// <summary>Events.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>How long they took, summed.</summary>
    public TimeSpan Total => TimeSpan.FromTicks(Volatile.Read(ref _ticks));

    /// <summary>Both as they are now.</summary>
    public DurationCount Read() => new(Count, Total);

    internal void Add(TimeSpan duration)
    {
        _ = Interlocked.Add(ref _ticks, duration.Ticks);
        _ = Interlocked.Increment(ref _count);
    }
}
