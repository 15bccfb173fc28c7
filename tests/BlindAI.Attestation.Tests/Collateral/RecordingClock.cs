using System.Collections.Concurrent;

namespace BlindAI.Attestation.Tests.Collateral;

/// <summary>A clock that stands where it is put. Whoever waits less than <see cref="Patience"/> need not wait, and how long it would have been is written down.</summary>
internal sealed class RecordingClock(DateTimeOffset now) : TimeProvider
{
    /// <summary>Timers as long as this are limits, not waits: they never fire.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public DateTimeOffset Now { get; set; } = now;

    public ConcurrentQueue<TimeSpan> Waits { get; } = [];

    public override DateTimeOffset GetUtcNow() => Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime == Timeout.InfiniteTimeSpan || dueTime >= Patience)
        {
            return System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, period);
        }

        Waits.Enqueue(dueTime);
        return System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
