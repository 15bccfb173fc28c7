namespace BlindAI.Inference.Scheduling;

/// <summary>How requests wait for a thread, and which threads run them.</summary>
public sealed class SchedulerOptions
{
    /// <summary>Threads that run models: 1 to 1,024. Default: the processors, since a run keeps one busy.</summary>
    public int Workers { get; set => field = Guard.InRange(value, 1, 1024); } = Math.Clamp(Environment.ProcessorCount, 1, 1024);

    /// <summary>Most requests that wait for one model: 1 to 100,000. Default 256: what 2 cores clear in 5 s at 40 ms a run.</summary>
    public int MaxQueued { get; set => field = Guard.InRange(value, 1, 100_000); } = 256;

    /// <summary>Longest a request may wait: 1 ms to 10 min. Default 5 s, half of a client's usual timeout. A request may ask for less.</summary>
    public TimeSpan MaxQueueTime { get; set => field = Guard.InRange(value, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10)); } = TimeSpan.FromSeconds(5);

    /// <summary>Longest a run may take: 10 ms to 1 h. Default 60 s. It is then ended, since it keeps a thread from everybody else.</summary>
    public TimeSpan MaxRunTime { get; set => field = Guard.InRange(value, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1)); } = TimeSpan.FromSeconds(60);

    /// <summary>Whether a batch may hold requests of several callers, always of one model and so of one namespace. Default true.</summary>
    public bool MixesCallers { get; set; } = true;

    /// <summary>
    /// Niceness of the worker threads on Linux: 0 to 19. Default 10: beside a busy model another request then takes 0.3 ms, and 2.5 ms with 5. The price is that models give way
    /// to other processes of the machine as well.
    /// </summary>
    public int Niceness { get; set => field = Guard.InRange(value, 0, 19); } = 10;
}
