namespace BlindAI.Attestation.Tests.Evidence;

/// <summary>A clock whose waits end at once, and are kept to be asserted.</summary>
internal sealed class ImpatientTime : TimeProvider
{
    public List<TimeSpan> Waits { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Waits.Add(dueTime);
        return System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
