using BlindAI.Inference.Engines;

namespace BlindAI.Inference.Models;

/// <summary>Loads models one at a time, so that the peak of one load, not of all, comes on top of what is held.</summary>
internal sealed class ModelLoader(IInferenceEngine engine)
{
    // Below this a collection costs more than it gives back.
    private const long WorthCollecting = 16 << 20;

    private readonly Lock _turn = new();

    /// <summary>Loads on a thread of its own: that blocks for seconds, and the thread pool has requests to read.</summary>
    /// <exception cref="Protocol.ServingException">As <see cref="IInferenceEngine.Load"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the engine no longer reads the bundle.</exception>
    public Task<ILoadedModel> LoadAsync(ModelBundle bundle, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(() => Load(bundle, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

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

    private ILoadedModel Load(ModelBundle bundle, CancellationToken cancellationToken)
    {
        lock (_turn)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return engine.Load(bundle, cancellationToken);
        }
    }
}
