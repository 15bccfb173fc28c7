using BlindAI.Protocol;

namespace BlindAI.Inference.Engines;

/// <summary>A model that runs; many threads may run it at once. Dispose it when no run is left.</summary>
public interface ILoadedModel : IDisposable
{
    /// <summary>Its inputs and outputs.</summary>
    ModelSignature Signature { get; }

    /// <summary>What its graph says about how it may be scheduled.</summary>
    ModelTraits Traits { get; }

    /// <summary>Checks the request against the signature and runs it. Blocks: never call it on a thread-pool thread.</summary>
    /// <exception cref="ServingException">
    /// A code of <see cref="ModelSignature.Check"/>; <see cref="ServingCode.InferenceFailed"/>, whose message says nothing of the tensors.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled; the run has ended.</exception>
    InferenceOutputs Run(InferenceRequest request, CancellationToken cancellationToken);
}
