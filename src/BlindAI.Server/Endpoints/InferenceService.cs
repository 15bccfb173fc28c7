using System.Runtime.CompilerServices;
using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Inference.Scheduling;
using BlindAI.Protocol;
using BlindAI.Protocol.Configuration;
using BlindAI.Protocol.Inference;
using BlindAI.Protocol.Tensors;
using BlindAI.Server.Telemetry.Traces;

namespace BlindAI.Server.Endpoints;

/// <summary>What every binding does with a decoded request: checks which model answers, runs it, and bounds the answer.</summary>
internal sealed class InferenceService(InferenceScheduler scheduler, TrustConfiguration limits)
{
    /// <summary>Runs a request; the outputs are the caller's to dispose, before the request and the lease are.</summary>
    /// <param name="lease">The model.</param>
    /// <param name="request">The request.</param>
    /// <param name="caller">Who asks, for fair sharing.</param>
    /// <param name="memory">Takes the bytes of the answer too.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.DigestMismatch"/>, <see cref="ServingCode.ResponseTooLarge"/>, <see cref="ServingCode.Overloaded"/>, as <see cref="InferenceScheduler.RunAsync"/>.
    /// </exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<InferenceOutputs> RunAsync(ModelLease lease, DecodedRequest request, object? caller, MemoryReservation memory, CancellationToken cancellationToken)
    {
        var trace = InferenceTrace.Current;
        trace?.Decoded(limits.TracesNameModels ? lease.Description.Name.Value : null, BytesOf(request.Inputs));
        CheckDigest(request.Header.ModelDigests, lease.Description);
        var outputs = await scheduler.RunAsync(lease, new(request.Inputs)
        {
            Outputs = request.Header.OutputNames,
            QueueTimeout = request.Header.QueueTimeout,
            Priority = request.Header.Priority,
            Caller = caller,
        }, cancellationToken);
        try
        {
            var bytes = BytesOf(outputs.Tensors);
            trace?.Ran(outputs.Waited, outputs.Times, outputs.BatchSize, bytes);
            memory.Grow(Bounded(bytes));
            return outputs;
        }
        catch
        {
            outputs.Dispose();
            throw;
        }
    }

    private long Bounded(long bytes) => bytes <= limits.MaxResponseBytes
        ? bytes
        : throw new ServingException(ServingCode.ResponseTooLarge, $"The answer has {bytes} bytes of tensors; the limit is {limits.MaxResponseBytes}.", "ask for fewer outputs or rows at once, or the operator for a higher limit.");

    private static long BytesOf(IReadOnlyList<NamedTensor> tensors)
    {
        var bytes = 0L;
        for (var index = 0; index < tensors.Count; index++)
        {
            bytes += tensors[index].Tensor.Data.Length;
        }

        return bytes;
    }

    private static void CheckDigest(IReadOnlyList<string> accepted, ModelDescription model)
    {
        if (accepted.Count > 0 && !accepted.Contains(model.Digest.Value))
        {
            throw new ServingException(ServingCode.DigestMismatch, $"Model \"{model.Name}\" has another digest than those that the request accepts.", "ask for its metadata to see the digest.");
        }
    }
}
