using BlindAI.Inference.Models;
using BlindAI.Protocol;

namespace BlindAI.Inference.Engines;

/// <summary>Turns a bundle into something that runs.</summary>
public interface IInferenceEngine
{
    /// <summary>Inspects and loads a model. Blocks for as long as that takes (up to seconds): never call it on a thread-pool thread.</summary>
    /// <param name="bundle">The model and its files.</param>
    /// <param name="asked">How many threads a run may use. The precision is not the engine's: the bundle holds the form that runs.</param>
    /// <param name="cancellationToken">Ends the load.</param>
    /// <remarks>The bundle is not kept; it may be disposed as soon as this returns.</remarks>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.ModelInvalid"/>, <see cref="ServingCode.ModelUnsupported"/>, <see cref="ServingCode.ExternalDataRefused"/>,
    /// <see cref="ServingCode.BundleInvalid"/>: no file in the bundle is the model.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    ILoadedModel Load(ModelBundle bundle, ModelOverrides asked, CancellationToken cancellationToken);
}
