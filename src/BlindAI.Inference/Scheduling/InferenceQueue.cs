using System.Diagnostics.CodeAnalysis;
using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Protocol;

namespace BlindAI.Inference.Scheduling;

/// <summary>A bounded queue before a fixed number of threads that run models, and do nothing else.</summary>
/// <remarks>
/// Threads of their own, since a run keeps one busy for milliseconds: on the thread pool, 32 requests to a large model delay every other answer by
/// half a second. First in, first out over all models; a job knows its model version, which is where batching takes hold.
/// </remarks>
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "It is a queue.")]
public sealed class InferenceQueue : IAsyncDisposable
{
    private readonly QueueOptions _options;
    private readonly TimeProvider _time;
    private readonly object _gate = new();
    private readonly LinkedList<InferenceJob> _waiting = [];
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _idle;
    private int _running;
    private int _workers;
    private bool _isStopping;

    /// <summary>Starts the threads.</summary>
    public InferenceQueue(QueueOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _options = options;
        _time = time;
        _workers = options.Workers;
        for (var index = 0; index < options.Workers; index++)
        {
            new Thread(Work) { Name = $"inference-{index}", IsBackground = true }.Start();
        }
    }

    /// <summary>The counts of all models together.</summary>
    public ModelStatistics Statistics { get; } = new();

    /// <summary>Requests that wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Requests that run.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Queues a request; false when the queue is full.</summary>
    /// <remarks>
    /// Hold the lease, and leave the inputs as they are, until the task has completed: it does so only when nothing reads them any more, cancelled or
    /// not. It fails as <see cref="ILoadedModel.Run"/> does, or with <see cref="ServingCode.DeadlineExceeded"/> (it waited too long) or
    /// <see cref="ServingCode.ShuttingDown"/>. Its outputs are the caller's to dispose.
    /// </remarks>
    /// <exception cref="ServingException"><see cref="ServingCode.ShuttingDown"/>.</exception>
    public bool TryEnqueue(
        ModelLease lease, InferenceRequest request, [NotNullWhen(true)] out Task<InferenceOutputs>? run, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        ArgumentNullException.ThrowIfNull(request);
        var timeout = request.QueueTimeout is { } asked && asked < _options.MaxQueueTime ? asked : _options.MaxQueueTime;
        var job = new InferenceJob(lease, request, timeout, _time.GetTimestamp(), cancellationToken);
        lock (_gate)
        {
            if (_isStopping)
            {
                throw Stopping();
            }

            if (_waiting.Count >= _options.MaxQueued)
            {
                CountArrived(job);
                CountFailed(job, FailureReason.Rejected, TimeSpan.Zero);
                run = null;
                return false;
            }

            CountArrived(job);
            var waits = _waiting.Count >= _idle;
            job.Place = _waiting.AddLast(job);
            job.Cancellation = cancellationToken.UnsafeRegister(job => Abandon((InferenceJob)job!, static job => job.Cancel()), job);
            if (waits && job.Place is not null)
            {
                job.Deadline = _time.CreateTimer(job => Abandon((InferenceJob)job!, static job => job.Fail(Late())), job, timeout, Timeout.InfiniteTimeSpan);
            }

            Monitor.Pulse(_gate);
        }

        run = job.Task;
        return true;
    }

    /// <summary>Queues a request and waits for its outputs; see <see cref="TryEnqueue"/> for what must stay meanwhile.</summary>
    /// <exception cref="ServingException">As <see cref="TryEnqueue"/>'s task; <see cref="ServingCode.Overloaded"/>: the queue is full.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ValueTask<InferenceOutputs> RunAsync(ModelLease lease, InferenceRequest request, CancellationToken cancellationToken = default) =>
        TryEnqueue(lease, request, out var run, cancellationToken)
            ? new(run)
            : throw new ServingException(ServingCode.Overloaded, $"{_options.MaxQueued} requests are waiting already.", "try again later.")
            {
                RetryAfter = TimeSpan.FromSeconds(1),
            };

    /// <summary>Finishes what runs, fails what waits, and ends the threads.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isStopping = true;
            while (_waiting.First is { } place)
            {
                Leave(place.Value);
                place.Value.Fail(Stopping());
            }

            Monitor.PulseAll(_gate);
        }

        await _stopped.Task.ConfigureAwait(false);
    }

    private void Work()
    {
        WorkerPriority.Lower(_options.Niceness);
        while (TakeNext() is { } job)
        {
            Execute(job);
        }

        if (Interlocked.Decrement(ref _workers) == 0)
        {
            _stopped.SetResult();
        }
    }

    private InferenceJob? TakeNext()
    {
        lock (_gate)
        {
            while (_waiting.First is null)
            {
                if (_isStopping)
                {
                    return null;
                }

                _idle++;
                _ = Monitor.Wait(_gate);
                _idle--;
            }

            var job = _waiting.First.Value;
            Leave(job);
            return job;
        }
    }

    // Answers the request, with outputs or an exception; never throws, since that would end the thread.
    private void Execute(InferenceJob job)
    {
        var started = _time.GetTimestamp();
        var waited = _time.GetElapsedTime(job.EnqueuedAt, started);
        if (waited > job.Timeout)
        {
            CountFailed(job, FailureReason.Rejected, waited);
            job.Fail(Late());
            return;
        }

        InferenceOutputs? outputs = null;
        Exception? failure = null;
        _ = Interlocked.Increment(ref _running);
        try
        {
            outputs = job.Lease.Model.Run(job.Request, job.CancellationToken);
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        _ = Interlocked.Decrement(ref _running);
        var ran = new ExecutionTimes(default, _time.GetElapsedTime(started), default);
        foreach (var statistics in (ReadOnlySpan<ModelStatistics>)[Statistics, job.Lease.Description.Statistics])
        {
            statistics.CountExecution(1, 1, ran, _time.GetUtcNow());
            statistics.CountRan(waited, ran);
            if (outputs is not null)
            {
                statistics.CountAnswered(waited + ran.Infer);
            }
        }

        if (outputs is null)
        {
            CountFailed(job, failure is OperationCanceledException ? FailureReason.Cancelled : FailureReason.Engine, waited + ran.Infer);
        }

        switch (failure)
        {
            case null:
                job.Complete(outputs!);
                break;
            case OperationCanceledException when job.CancellationToken.IsCancellationRequested:
                job.Cancel();
                break;
            case ServingException:
                job.Fail(failure);
                break;
            default:
                job.Fail(new ServingException(ServingCode.InferenceFailed, "The engine failed.", innerException: failure));
                break;
        }
    }

    private void Abandon(InferenceJob job, Action<InferenceJob> answer)
    {
        lock (_gate)
        {
            if (job.Place is null)
            {
                return;                                     // it runs: the engine sees the cancellation itself
            }

            Leave(job);
            CountFailed(job, FailureReason.Rejected, _time.GetElapsedTime(job.EnqueuedAt));
            answer(job);
        }
    }

    // Unregister and not Dispose, which would wait for a callback that waits for this lock.
    private void Leave(InferenceJob job)
    {
        _waiting.Remove(job.Place!);
        job.Place = null;
        job.Deadline?.Dispose();
        _ = job.Cancellation.Unregister();
    }

    private void CountArrived(InferenceJob job)
    {
        Statistics.CountArrived();
        job.Lease.Description.Statistics.CountArrived();
    }

    private void CountFailed(InferenceJob job, FailureReason reason, TimeSpan total)
    {
        Statistics.CountFailed(reason, total);
        job.Lease.Description.Statistics.CountFailed(reason, total);
    }

    private static ServingException Late() => new(ServingCode.DeadlineExceeded, "The request waited too long for a free thread.", "try again later.");

    private static ServingException Stopping() => new(ServingCode.ShuttingDown, "The server is stopping.");
}
