using System.Diagnostics.CodeAnalysis;
using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Protocol;

namespace BlindAI.Inference.Scheduling;

/// <summary>Decides which request runs next, with which others, and on which thread.</summary>
/// <remarks>
/// A fixed number of threads run models and do nothing else: on the thread pool, 32 requests to a large model delay every other answer by half a second. Only a
/// request whose run is known to cost less than handing it over runs where it was received. A free thread takes from the namespace, and in it from the model, that has
/// had least of the threads' time; what it takes, the model's own queue says. A batch is what queued while the threads were busy: no thread waits unless the model's owner asked for it.
/// One short lock guards all queues. Source: docs/scheduling.md.
/// </remarks>
public sealed class InferenceScheduler : IAsyncDisposable
{
    /// <summary>Up to this a run costs less than handing it to another thread, which was measured as 23 µs; twice that, since the receiving thread is blocked meanwhile.</summary>
    public static readonly TimeSpan InlineLimit = TimeSpan.FromMicroseconds(50);

    // What runs at a stop may go on for so long; then it is ended.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    private readonly SchedulerOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly IdleWorkers _idle = new();
    private readonly FairShares _shares;
    private readonly RunWatch[] _watches;
    private readonly JobRunner _runner;
    private readonly InlineRuns _inline;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;
    private int _running;
    private int _workers;
    private bool _isStopping;

    /// <summary>Starts the threads.</summary>
    public InferenceScheduler(SchedulerOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _options = options;
        _time = time;
        _workers = options.Workers;
        _runner = new JobRunner(Statistics, time);
        _watches = new RunWatch[options.Workers];
        _inline = new InlineRuns(options.Workers, _runner, time);
        _shares = new FairShares(options.Workers, time);
        for (var index = 0; index < options.Workers; index++)
        {
            var watch = _watches[index] = new RunWatch(options.MaxRunTime, time);
            new Thread(() => Work(watch)) { Name = $"inference-{index}", IsBackground = true }.Start();
        }
    }

    /// <summary>Counts of all models together.</summary>
    public ModelStatistics Statistics { get; } = new();

    /// <summary>Requests that wait.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Requests that run.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Runs a request: at once, or when its turn comes.</summary>
    /// <remarks>
    /// Hold the lease, and leave the inputs as they are, until the task has completed: it does so only when nothing reads them any more, cancelled or
    /// not; and until the outputs are disposed, which are the caller's, since a graph may pass an input through.
    /// </remarks>
    /// <exception cref="ServingException">
    /// As <see cref="ILoadedModel.Run"/>; <see cref="ServingCode.Overloaded"/>: the model's queue is full; <see cref="ServingCode.DeadlineExceeded"/>: it waited or ran too long;
    /// <see cref="ServingCode.ShuttingDown"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ValueTask<InferenceOutputs> RunAsync(ModelLease lease, InferenceRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        ArgumentNullException.ThrowIfNull(request);
        return _inline.TryRun(lease, request, cancellationToken) is { } outputs ? new(outputs)
            : TryEnqueue(lease, request, out var run, out var retryAfter, cancellationToken) ? new(run)
            : throw JobRunner.Overloaded(_options.MaxQueued, retryAfter);
    }

    /// <summary>Queues a request; false when the model's queue is full, with the time after which it may have room.</summary>
    /// <remarks>As <see cref="RunAsync"/>, whose exceptions are the task's.</remarks>
    /// <exception cref="ServingException"><see cref="ServingCode.ShuttingDown"/>; a code of <see cref="ModelSignature.Check"/>.</exception>
    internal bool TryEnqueue(
        ModelLease lease, InferenceRequest request, [NotNullWhen(true)] out Task<InferenceOutputs>? run, out TimeSpan retryAfter, CancellationToken cancellationToken = default)
    {
        // Before it is queued: a request that does not fit the model must not fail those that share its batch.
        lease.Model.Signature.Check(request.Inputs, request.Outputs);
        var timeout = request.QueueTimeout is { } asked && asked < _options.MaxQueueTime ? asked : _options.MaxQueueTime;
        var job = new InferenceJob(lease, request, timeout, _time.GetTimestamp(), cancellationToken);
        InferenceJob? displaced = null;
        lock (_gate)
        {
            var queue = lease.Queue;
            retryAfter = TimeUntilRoom(queue);
            if (_isStopping)
            {
                throw JobRunner.Stopping();
            }

            _runner.CountArrived(job);
            if (queue.Count >= _options.MaxQueued)
            {
                displaced = queue.FindToDisplace(job);
                if (displaced is null)
                {
                    _runner.CountRejected(job);
                    run = null;
                    return false;
                }

                Leave(displaced);
            }

            Join(job, queue);
        }

        if (displaced is not null)
        {
            _runner.Reject(displaced, JobRunner.Overloaded(_options.MaxQueued, retryAfter));
        }

        run = job.Task;
        return true;
    }

    /// <summary>Finishes what runs, fails what waits, and ends the threads.</summary>
    public async ValueTask DisposeAsync()
    {
        var left = new List<InferenceJob>();
        lock (_gate)
        {
            _isStopping = true;
            foreach (var queue in _shares.Active.ToArray())
            {
                while (queue.First() is { } job)
                {
                    Leave(job);
                    left.Add(job);
                }
            }

            _idle.WakeAll();
        }

        _inline.Stop();
        left.ForEach(job => _runner.Reject(job, JobRunner.Stopping()));
        var patience = _time.CreateTimer(_ => Array.ForEach(_watches, static watch => watch.Stop()), null, StopPatience, Timeout.InfiniteTimeSpan);
        await using (patience.ConfigureAwait(false))
        {
            try
            {
                await _stopped.Task.WaitAsync(2 * StopPatience, _time).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // The engine looks for its end between two nodes only; a node that does not end must not keep the process. Its thread dies with it.
                return;
            }
        }

        Array.ForEach(_watches, watch => watch.Dispose());
        _inline.Dispose();
    }

    private void Work(RunWatch watch)
    {
        WorkerPriority.Lower(_options.Niceness);
        var bed = new IdleWorkers.Bed();
        var batch = new List<InferenceJob>();
        Action<int> ended = ran => Interlocked.Add(ref _running, -ran);
        while (TakeNext(batch, bed) is { } queue)
        {
            var expected = queue.ExpectedTicks;
            var started = _time.GetTimestamp();
            _ = Interlocked.Add(ref _running, batch.Count);
            var jobs = batch.Count;
            _runner.Run(batch, queue, watch, ended);
            batch.Clear();
            lock (_gate)
            {
                FairShares.End(queue, expected, _time.GetElapsedTime(started).Ticks, jobs);
            }
        }

        if (Interlocked.Decrement(ref _workers) == 0)
        {
            _stopped.SetResult();
        }
    }

    private ModelQueue? TakeNext(List<InferenceJob> batch, IdleWorkers.Bed bed)
    {
        while (true)
        {
            lock (_gate)
            {
                if (TryTake(batch) is { } queue)
                {
                    return queue;
                }

                if (_isStopping)
                {
                    return null;
                }

                _idle.Add(bed);
            }

            bed.Sleep();
        }
    }

    // Under the lock. Least time first, of the namespaces and in them of the models; a batch that still waits lets the next model go first.
    private ModelQueue? TryTake(List<InferenceJob> batch)
    {
        _shares.Sort();
        foreach (var queue in _shares.Active)
        {
            if (_shares.LeavesAThreadToOthers(queue))
            {
                continue;
            }

            var waited = _time.GetElapsedTime(queue.First()!.EnqueuedAt);
            if (!queue.TryTake(batch, waited, _options.MixesCallers, out var due))
            {
                queue.Wake ??= _time.CreateTimer(static scheduler => ((InferenceScheduler)scheduler!).WakeOne(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _ = queue.Wake.Change(due, Timeout.InfiniteTimeSpan);
                continue;
            }

            foreach (var job in batch)
            {
                Unwatch(job);
            }

            Volatile.Write(ref _waiting, _waiting - batch.Count);
            FairShares.Begin(queue);
            RetireIfEmpty(queue);
            return queue;
        }

        return null;
    }

    // Under the lock.
    private void Join(InferenceJob job, ModelQueue queue)
    {
        if (queue.Count == 0)
        {
            _shares.Add(queue, job.Lease.Description.Namespace);
        }

        var waits = _waiting >= _idle.Count;
        queue.Add(job);
        Volatile.Write(ref _waiting, _waiting + 1);
        job.Cancellation = job.CancellationToken.UnsafeRegister(static state => ((AbandonedJob)state!).Cancel(), new AbandonedJob(this, job));
        if (job.Place is null)
        {
            return;                                         // it was cancelled before it came
        }

        if (waits || queue.Configuration.MaxQueueDelay > TimeSpan.Zero)
        {
            job.Deadline = _time.CreateTimer(static state => ((AbandonedJob)state!).Expire(), new AbandonedJob(this, job), job.Timeout, Timeout.InfiniteTimeSpan);
        }

        _idle.WakeOne();
    }

    private void RetireIfEmpty(ModelQueue queue)
    {
        if (queue.Count > 0)
        {
            return;
        }

        _shares.Remove(queue);
        queue.Wake?.Dispose();
        queue.Wake = null;
    }

    private void Abandon(InferenceJob job, Action<InferenceJob> answer)
    {
        lock (_gate)
        {
            if (job.Place is null)
            {
                return;                                     // it runs: the worker's watch sees the cancellation itself
            }

            Leave(job);
        }

        answer(job);
    }

    // Under the lock.
    private void Leave(InferenceJob job)
    {
        var queue = job.Lease.Queue;
        queue.Remove(job);
        Unwatch(job);
        Volatile.Write(ref _waiting, _waiting - 1);
        RetireIfEmpty(queue);
    }

    // Unregister and not Dispose, which would wait for a callback that waits for this lock.
    private static void Unwatch(InferenceJob job)
    {
        job.Deadline?.Dispose();
        _ = job.Cancellation.Unregister();
    }

    private TimeSpan TimeUntilRoom(ModelQueue queue) => TimeSpan.FromTicks(Math.Max(queue.ExpectedJobTicks * queue.Count / _options.Workers, TimeSpan.TicksPerSecond));

    private void WakeOne()
    {
        lock (_gate)
        {
            _idle.WakeOne();
        }
    }

    // What a timer or a token calls when a waiting job is given up.
    private sealed class AbandonedJob(InferenceScheduler scheduler, InferenceJob job)
    {
        public void Cancel() => scheduler.Abandon(job, scheduler._runner.Cancel);

        public void Expire() => scheduler.Abandon(job, job => scheduler._runner.Reject(job, JobRunner.Late()));
    }
}
