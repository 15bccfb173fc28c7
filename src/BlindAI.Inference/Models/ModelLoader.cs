using BlindAI.Inference.Engines;
using BlindAI.Inference.Precision;
using BlindAI.Inference.Scheduling;
using BlindAI.Protocol;

namespace BlindAI.Inference.Models;

/// <summary>Loads models one at a time, so that the peak of one load, not of all, comes on top of what is held.</summary>
internal sealed class ModelLoader(IInferenceEngine engine, ModelProfiler? profiler)
{
    // Below this a collection costs more than it gives back.
    private const long WorthCollecting = 16 << 20;

    private readonly Lock _turn = new();

    /// <summary>Loads and measures on a thread of its own: that blocks for seconds, and the thread pool has requests to read.</summary>
    /// <exception cref="ServingException">As <see cref="IInferenceEngine.Load"/> and <see cref="ModelProfiler.Measure"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the engine no longer reads the bundle.</exception>
    public Task<(ILoadedModel Model, DerivedForm? Derived, ModelConfiguration Configuration, RunProfile Profile)> LoadAsync(ModelBundle bundle, ModelOverrides overrides, CancellationToken cancellationToken) =>
        OnOwnThreadAsync(() => Load(bundle, overrides, cancellationToken));

    /// <summary>Loads what was loaded and measured before.</summary>
    /// <exception cref="ServingException">As <see cref="IInferenceEngine.Load"/>.</exception>
    public Task<ILoadedModel> LoadAgainAsync(ModelBundle bundle, ModelOverrides overrides, CancellationToken cancellationToken) => OnOwnThreadAsync(() =>
    {
        lock (_turn)
        {
            return LoadForm(bundle, overrides, measures: false, cancellationToken).Model;
        }
    });

    /// <summary>Disposes of a bundle that is loaded and gives its memory back.</summary>
    /// <remarks>
    /// The collector would keep the pages of large blocks until it needs them, which can be never: the model is in native memory. The collection
    /// takes about 10 ms for 128 MiB, measured; only the aggressive one returns pages.
    /// </remarks>
    public static void Drop(ModelBundle bundle)
    {
        bundle.Dispose();
        if (bundle.Manifest.TotalBytes >= WorthCollecting)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }

    private (ILoadedModel Model, DerivedForm? Derived, ModelConfiguration Configuration, RunProfile Profile) Load(ModelBundle bundle, ModelOverrides overrides, CancellationToken cancellationToken)
    {
        lock (_turn)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (model, derived) = LoadForm(bundle, overrides, measures: true, cancellationToken);
            try
            {
                var (configuration, profile) = profiler?.Measure(model, overrides, cancellationToken) ?? ModelProfiler.Assume(overrides);
                return (model, derived, configuration, profile);
            }
            catch
            {
                model.Dispose();
                throw;
            }
        }
    }

    private (ILoadedModel Model, DerivedForm? Derived) LoadForm(ModelBundle bundle, ModelOverrides overrides, bool measures, CancellationToken cancellationToken) =>
        overrides.Precision == ModelPrecision.DynamicInt8
            ? Int8Loader.Load(engine, bundle, overrides, measures, cancellationToken)
            : (engine.Load(bundle, overrides, cancellationToken), null);

    private static Task<T> OnOwnThreadAsync<T>(Func<T> load) =>
        Task.Factory.StartNew(load, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
