using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Inference.Scheduling;

/// <summary>Runs, on the thread that received them, requests whose run was measured to cost less than handing them over. No lock of the queues is taken.</summary>
/// <remarks>A few at once for each thread for models, since a thread may lose its processor in the middle: what is slower than was measured must not take the thread pool away.</remarks>
internal sealed class InlineRuns : IDisposable
{
    private const int PlacesPerWorker = 4;

    // What turns out to take so long is ended here and queued: a thread that receives is in nobody's turn.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    private readonly JobRunner _runner;
    private readonly TimeProvider _time;
    private readonly RunWatch[] _watches;
    private readonly RunWatch?[] _free;
    private volatile bool _isStopping;

    public InlineRuns(int workers, JobRunner runner, TimeProvider time)
    {
        _runner = runner;
        _time = time;
        _watches = [.. Enumerable.Range(0, PlacesPerWorker * workers).Select(_ => new RunWatch(Patience, time))];
        _free = [.. _watches];
    }

    /// <summary>Runs a request here; null when it has to be queued.</summary>
    /// <exception cref="Protocol.ServingException">As <see cref="ILoadedModel.Run"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public InferenceOutputs? TryRun(ModelLease lease, InferenceRequest request, CancellationToken cancellationToken)
    {
        if (lease.Queue.Profile.InlineElements == 0 || !lease.Queue.RunsInline(ElementsOf(request)) || _isStopping)
        {
            return null;
        }

        for (var place = 0; place < _free.Length; place++)
        {
            if (Volatile.Read(ref _free[place]) is not null && Interlocked.Exchange(ref _free[place], null) is { } watch)
            {
                try
                {
                    return Run(lease, request, watch, cancellationToken);
                }
                finally
                {
                    Volatile.Write(ref _free[place], watch);
                }
            }
        }

        return null;
    }

    /// <summary>Ends what runs, and runs nothing more.</summary>
    public void Stop()
    {
        _isStopping = true;
        Array.ForEach(_watches, static watch => watch.Stop());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (var place = 0; place < _free.Length; place++)
        {
            // One that is in use is let go of with its run.
            Interlocked.Exchange(ref _free[place], null)?.Dispose();
        }
    }

    private InferenceOutputs? Run(ModelLease lease, InferenceRequest request, RunWatch watch, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        if (_runner.RunHere(lease, request, watch, cancellationToken) is not { } outputs)
        {
            lease.Queue.NoteEndedInlineRun();
            return null;
        }

        lease.Queue.NoteInlineRun(_time.GetElapsedTime(started), InferenceScheduler.InlineLimit * 4);
        return outputs;
    }

    private static long ElementsOf(InferenceRequest request)
    {
        var elements = 0L;
        for (var index = 0; index < request.Inputs.Count; index++)
        {
            var tensor = request.Inputs[index].Tensor;
            elements += Math.Max(tensor.Shape.ElementCount, tensor.Datatype == TensorDatatype.Bytes ? tensor.Data.Length : 0);
        }

        return elements;
    }
}
