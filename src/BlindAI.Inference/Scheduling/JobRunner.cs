using System.Runtime.InteropServices;
using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Protocol;

namespace BlindAI.Inference.Scheduling;

/// <summary>Runs jobs alone or as a batch, counts what happens, and answers every job exactly once.</summary>
internal sealed class JobRunner(ModelStatistics total, TimeProvider time)
{
    /// <summary>Runs a request on the calling thread; null when it took longer than the watch allows and was ended.</summary>
    /// <exception cref="ServingException">As <see cref="ILoadedModel.Run"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public InferenceOutputs? RunHere(ModelLease lease, InferenceRequest request, RunWatch watch, CancellationToken cancellationToken)
    {
        var statistics = lease.Description.Statistics;
        var started = time.GetTimestamp();
        InferenceOutputs? outputs = null;
        Exception? failure = null;
        var token = watch.Begin(cancellationToken);
        try
        {
            outputs = lease.Model.Run(request, token);
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        watch.End();
        if (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return watch.IsTimedOut ? null : throw Stopping();
        }

        statistics.CountArrived();
        total.CountArrived();
        if (outputs is not null)
        {
            CountExecution(statistics, 1, RowsOf(request), outputs.Times);
            CountRan(statistics, TimeSpan.Zero, outputs.Times);
            var elapsed = time.GetElapsedTime(started);
            statistics.CountAnswered(elapsed);
            total.CountAnswered(elapsed);
            return outputs;
        }

        if (failure is OperationCanceledException)
        {
            CountFailed(statistics, FailureReason.Cancelled, time.GetElapsedTime(started));
            throw new OperationCanceledException(cancellationToken);
        }

        var answer = Explain(failure!);
        CountFailed(statistics, ReasonOf(answer), time.GetElapsedTime(started));
        throw answer;
    }

    /// <summary>Runs jobs that were taken together; never throws, since that would end the thread.</summary>
    /// <param name="jobs">The jobs, which fit one batch.</param>
    /// <param name="queue">Their model's queue.</param>
    /// <param name="watch">The thread's watch.</param>
    /// <param name="running">Told how many have ended, before they are answered.</param>
    public void Run(List<InferenceJob> jobs, ModelQueue queue, RunWatch watch, Action<int> running)
    {
        for (var index = jobs.Count - 1; index >= 0; index--)
        {
            if (time.GetElapsedTime(jobs[index].EnqueuedAt) > jobs[index].Timeout)
            {
                var late = jobs[index];
                jobs.RemoveAt(index);
                running(1);
                Reject(late, Late());
            }
        }

        if (jobs.Count > 1 && TryRunTogether(jobs, queue, watch, running))
        {
            return;
        }

        foreach (var job in jobs)
        {
            RunAlone(job, watch, running);
        }
    }

    public void CountArrived(InferenceJob job)
    {
        job.Lease.Description.Statistics.CountArrived();
        total.CountArrived();
    }

    public void CountRejected(InferenceJob job) => CountFailed(job.Lease.Description.Statistics, FailureReason.Rejected, time.GetElapsedTime(job.EnqueuedAt));

    /// <summary>Answers a job that did not run.</summary>
    public void Reject(InferenceJob job, ServingException why)
    {
        CountRejected(job);
        job.Fail(why);
    }

    /// <summary>Answers a job whose caller went away.</summary>
    public void Cancel(InferenceJob job)
    {
        CountFailed(job.Lease.Description.Statistics, FailureReason.Cancelled, time.GetElapsedTime(job.EnqueuedAt));
        job.Cancel();
    }

    public static ServingException Late() => new(ServingCode.DeadlineExceeded, "The request waited too long for a free thread.", "try again later.");

    public static ServingException Stopping() => new(ServingCode.ShuttingDown, "The server is stopping.");

    public static ServingException Overloaded(int waiting, TimeSpan retryAfter) =>
        new(ServingCode.Overloaded, $"{waiting} requests are waiting for this model already.", "try again later.") { RetryAfter = retryAfter };

    private static ServingException TookTooLong() =>
        new(ServingCode.DeadlineExceeded, "The run took longer than the server allows and was ended.", "send less at once, or ask the operator for a longer Limits:MaxRunMilliseconds.");

    private void RunAlone(InferenceJob job, RunWatch watch, Action<int> running)
    {
        var waited = time.GetElapsedTime(job.EnqueuedAt);
        InferenceOutputs? outputs = null;
        Exception? failure = null;
        var token = watch.Begin(job);
        var started = time.GetTimestamp();
        try
        {
            token.ThrowIfCancellationRequested();
            outputs = job.Lease.Model.Run(job.Request, token);
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        watch.End();
        var times = outputs?.Times ?? new(default, time.GetElapsedTime(started), default);
        CountExecution(job.Lease.Description.Statistics, 1, RowsOf(job.Request), times);
        running(1);
        Answer(job, waited, times, outputs, failure, watch.IsTimedOut, 1);
    }

    private bool TryRunTogether(List<InferenceJob> jobs, ModelQueue queue, RunWatch watch, Action<int> running)
    {
        Span<int> rows = stackalloc int[jobs.Count];
        var waits = new TimeSpan[jobs.Count];
        var buffers = new Buffers();
        InferenceOutputs[]? shares = null;
        Exception? failure = null;
        var joined = time.GetTimestamp();
        var (joining, ran) = (TimeSpan.Zero, TimeSpan.Zero);
        var token = watch.Begin(CollectionsMarshal.AsSpan(jobs));
        try
        {
            for (var index = 0; index < jobs.Count; index++)
            {
                rows[index] = jobs[index].Rows;
                waits[index] = time.GetElapsedTime(jobs[index].EnqueuedAt);
            }

            var request = Batch.Join([.. jobs.Select(job => job.Request)], buffers);
            joining = time.GetElapsedTime(joined);
            var started = time.GetTimestamp();
            var whole = jobs[0].Lease.Model.Run(request, token);
            ran = time.GetElapsedTime(started);
            shares = Batch.Split(whole, rows, buffers);
            if (shares is null)
            {
                // The outputs have not a row for each row of the inputs: whatever the load found, this is no batch.
                whole.Dispose();
                queue.GiveUpBatching();
            }
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        watch.End();
        if (shares is null)
        {
            buffers.Dispose();
            if (failure is not OperationCanceledException || watch.IsTimedOut)
            {
                // One request's values may have failed all, or held them up: each gets the answer that is its own.
                return false;
            }
        }

        var times = new ExecutionTimes(joining, ran, time.GetElapsedTime(joined) - joining - ran);
        CountExecution(jobs[0].Lease.Description.Statistics, jobs.Count, jobs.Sum(job => (long)job.Rows), times);
        running(jobs.Count);
        for (var index = 0; index < jobs.Count; index++)
        {
            Answer(jobs[index], waits[index], times, shares?[index], failure, watch.IsTimedOut, jobs.Count);
        }

        return true;
    }

    private void Answer(InferenceJob job, TimeSpan waited, ExecutionTimes times, InferenceOutputs? outputs, Exception? failure, bool isTimedOut, int batchSize)
    {
        var statistics = job.Lease.Description.Statistics;
        var elapsed = time.GetElapsedTime(job.EnqueuedAt);
        CountRan(statistics, waited, times);
        if (outputs is not null)
        {
            statistics.CountAnswered(elapsed);
            total.CountAnswered(elapsed);
            (outputs.Waited, outputs.BatchSize) = (waited, batchSize);
            job.Complete(outputs);
            return;
        }

        if (failure is OperationCanceledException && job.CancellationToken.IsCancellationRequested)
        {
            CountFailed(statistics, FailureReason.Cancelled, elapsed);
            job.Cancel();
            return;
        }

        var answer = failure is not OperationCanceledException ? Explain(failure!) : isTimedOut ? TookTooLong() : Stopping();
        CountFailed(statistics, ReasonOf(answer), elapsed);
        job.Fail(answer);
    }

    private void CountExecution(ModelStatistics statistics, int requests, long rows, ExecutionTimes times)
    {
        var now = time.GetUtcNow();
        statistics.CountExecution(requests, rows, times, now);
        total.CountExecution(requests, rows, times, now);
    }

    private void CountRan(ModelStatistics statistics, TimeSpan waited, ExecutionTimes times)
    {
        statistics.CountRan(waited, times);
        total.CountRan(waited, times);
    }

    private void CountFailed(ModelStatistics statistics, FailureReason reason, TimeSpan elapsed)
    {
        statistics.CountFailed(reason, elapsed);
        total.CountFailed(reason, elapsed);
    }

    private static ServingException Explain(Exception exception) =>
        exception as ServingException ?? new ServingException(ServingCode.InferenceFailed, "The engine failed.", innerException: exception);

    private static FailureReason ReasonOf(ServingException failure) => failure.Code == ServingCode.InferenceFailed ? FailureReason.Engine : FailureReason.Other;

    private static long RowsOf(InferenceRequest request) =>
        request.Inputs is [var (_, first), ..] && first.Shape.Count > 0 ? Math.Max(first.Shape[0], 1) : 1;

    // The joined inputs, which live as long as the outputs: a graph may pass one through.
    private sealed class Buffers : List<IDisposable>, IDisposable
    {
        public void Dispose()
        {
            ForEach(buffer => buffer.Dispose());
            Clear();
        }
    }
}
