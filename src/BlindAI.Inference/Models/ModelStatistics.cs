namespace BlindAI.Inference.Models;

/// <summary>Counts of one model version since it was uploaded; the scheduler holds one more for all models together.</summary>
/// <remarks>
/// Many threads write them without locks: each figure is exact, and together they may be a request apart. The names are those of Triton's statistics extension:
/// a request is answered (success) or not (fail), an inference is one row of a batch dimension, an execution is one run of the engine.
/// </remarks>
public sealed class ModelStatistics
{
    private readonly long[] _batches = new long[MaxCountedBatch + 1];
    private readonly DurationCounter[] _batchInfer = NewCounters();
    private readonly DurationCounter[] _batchInput = NewCounters();
    private readonly DurationCounter[] _batchOutput = NewCounters();
    private long _inferences;
    private long _executions;
    private long _rejected;
    private long _cancelled;
    private long _engineFailed;
    private long _otherFailed;
    private long _pending;
    private long _lastInference;

    /// <summary>The largest batch that has a figure of its own; larger ones are counted with it.</summary>
    public const int MaxCountedBatch = 128;

    /// <summary>Requests that were answered with outputs, and how long each took from its queueing to its answer.</summary>
    public DurationCounter Success { get; } = new();

    /// <summary>Requests that were not.</summary>
    public DurationCounter Fail { get; } = new();

    /// <summary>How long the requests that ran had waited.</summary>
    public DurationCounter Queue { get; } = new();

    /// <summary>How long putting the inputs before the engine took, for each request that ran.</summary>
    public DurationCounter ComputeInput { get; } = new();

    /// <summary>How long the engine ran, for each request that ran.</summary>
    public DurationCounter ComputeInfer { get; } = new();

    /// <summary>How long taking the outputs took, for each request that ran.</summary>
    public DurationCounter ComputeOutput { get; } = new();

    /// <summary>How the waiting times are distributed.</summary>
    public DurationHistogram QueueTimes { get; } = new();

    /// <summary>How the engine's times are distributed, one for each execution.</summary>
    public DurationHistogram ComputeTimes { get; } = new();

    /// <summary>Rows that were inferred.</summary>
    public long Inferences => Volatile.Read(ref _inferences);

    /// <summary>Runs of the engine.</summary>
    public long Executions => Volatile.Read(ref _executions);

    /// <summary>Requests that wait or run.</summary>
    public long Pending => Volatile.Read(ref _pending);

    /// <summary>Requests that never ran: no room in the queue, or waited too long.</summary>
    public long Rejected => Volatile.Read(ref _rejected);

    /// <summary>Requests whose caller went away.</summary>
    public long Cancelled => Volatile.Read(ref _cancelled);

    /// <summary>Requests on which the engine failed.</summary>
    public long EngineFailed => Volatile.Read(ref _engineFailed);

    /// <summary>Requests that failed otherwise: they do not fit the model, or ran out of their time.</summary>
    public long OtherFailed => Volatile.Read(ref _otherFailed);

    /// <summary>When a request was last run; null before the first.</summary>
    public DateTimeOffset? LastInference => Volatile.Read(ref _lastInference) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Executions by the number of requests in them, smallest first; only those that occurred.</summary>
    public IReadOnlyList<BatchStatistics> Batches =>
    [
        .. Enumerable.Range(1, MaxCountedBatch).Where(size => Volatile.Read(ref _batches[size]) > 0).Select(size =>
            new BatchStatistics(size, Volatile.Read(ref _batches[size]), _batchInput[size].Read(), _batchInfer[size].Read(), _batchOutput[size].Read())),
    ];

    internal void CountArrived() => Interlocked.Increment(ref _pending);

    internal void CountExecution(int requests, long inferences, ExecutionTimes times, DateTimeOffset now)
    {
        var size = Math.Clamp(requests, 1, MaxCountedBatch);
        _ = Interlocked.Increment(ref _executions);
        _ = Interlocked.Add(ref _inferences, inferences);
        _ = Interlocked.Increment(ref _batches[size]);
        _batchInput[size].Add(times.Input);
        _batchInfer[size].Add(times.Infer);
        _batchOutput[size].Add(times.Output);
        ComputeTimes.Add(times.Infer);
        Volatile.Write(ref _lastInference, now.UtcTicks);
    }

    internal void CountRan(TimeSpan waited, ExecutionTimes times)
    {
        Queue.Add(waited);
        QueueTimes.Add(waited);
        ComputeInput.Add(times.Input);
        ComputeInfer.Add(times.Infer);
        ComputeOutput.Add(times.Output);
    }

    internal void CountAnswered(TimeSpan total)
    {
        _ = Interlocked.Decrement(ref _pending);
        Success.Add(total);
    }

    internal void CountFailed(FailureReason reason, TimeSpan total)
    {
        _ = Interlocked.Decrement(ref _pending);
        Fail.Add(total);
        _ = reason switch
        {
            FailureReason.Rejected => Interlocked.Increment(ref _rejected),
            FailureReason.Cancelled => Interlocked.Increment(ref _cancelled),
            FailureReason.Engine => Interlocked.Increment(ref _engineFailed),
            _ => Interlocked.Increment(ref _otherFailed),
        };
    }

    private static DurationCounter[] NewCounters()
    {
        var counters = new DurationCounter[MaxCountedBatch + 1];
        for (var index = 0; index < counters.Length; index++)
        {
            counters[index] = new();
        }

        return counters;
    }
}
