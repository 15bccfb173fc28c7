namespace BlindAI.Inference.Models;

/// <summary>Counts of one model version since it was uploaded.</summary>
/// <remarks>Many threads write them without locks: each figure is exact, and together they may be a request apart.</remarks>
public sealed class ModelStatistics
{
    private long _succeeded;
    private long _failed;
    private long _refused;
    private long _queueTicks;
    private long _runTicks;

    /// <summary>Requests that were answered with outputs.</summary>
    public long Succeeded => Volatile.Read(ref _succeeded);

    /// <summary>Requests that started to run and failed or were cancelled.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Requests that never ran: no room in the queue, waited too long, or cancelled while they waited.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Time that the requests which ran had waited, summed.</summary>
    public TimeSpan QueueTime => TimeSpan.FromTicks(Volatile.Read(ref _queueTicks));

    /// <summary>Time that requests ran, summed.</summary>
    public TimeSpan RunTime => TimeSpan.FromTicks(Volatile.Read(ref _runTicks));

    internal void CountRun(bool succeeded, TimeSpan queued, TimeSpan ran)
    {
        _ = succeeded ? Interlocked.Increment(ref _succeeded) : Interlocked.Increment(ref _failed);
        _ = Interlocked.Add(ref _queueTicks, queued.Ticks);
        _ = Interlocked.Add(ref _runTicks, ran.Ticks);
    }

    internal void CountRefused() => Interlocked.Increment(ref _refused);
}
