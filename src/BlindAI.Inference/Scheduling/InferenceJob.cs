using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;

namespace BlindAI.Inference.Scheduling;

/// <summary>A request that waits or runs. Everything but the task's completion happens under the scheduler's lock.</summary>
internal sealed class InferenceJob(ModelLease lease, InferenceRequest request, TimeSpan timeout, long enqueuedAt, CancellationToken cancellationToken)
{
    // Continuations run elsewhere: a worker that encodes an answer is a worker that runs no model.
    private readonly TaskCompletionSource<InferenceOutputs> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ModelLease Lease => lease;

    public InferenceRequest Request => request;

    public TimeSpan Timeout => timeout;

    public long EnqueuedAt => enqueuedAt;

    public CancellationToken CancellationToken => cancellationToken;

    public Task<InferenceOutputs> Task => _completion.Task;

    /// <summary>Rows that it adds to a batch; 0 when it must run alone.</summary>
    public int Rows { get; } = Batch.RowsOf(request, lease.Queue);

    /// <summary>Its place among its caller's requests; null once it has left the queue.</summary>
    public LinkedListNode<InferenceJob>? Place { get; set; }

    /// <summary>Its caller's turn in the queue.</summary>
    public CallerTurn? Turn { get; set; }

    public ITimer? Deadline { get; set; }

    public CancellationTokenRegistration Cancellation { get; set; }

    public void Complete(InferenceOutputs outputs) => _completion.SetResult(outputs);

    public void Fail(Exception exception) => _completion.SetException(exception);

    public void Cancel() => _completion.SetCanceled(cancellationToken);
}
