using BlindAI.Inference.Engines;
using BlindAI.Inference.Scheduling;

namespace BlindAI.Inference.Models;

/// <summary>The right to run a model version: while it is held, the model stays loaded, deleted or not.</summary>
public sealed class ModelLease : IDisposable
{
    private Action? _release;

    internal ModelLease(ModelDescription description, ILoadedModel model, ModelQueue queue, Action release)
    {
        Description = description;
        Model = model;
        Queue = queue;
        _release = release;
    }

    /// <summary>Which model this is.</summary>
    public ModelDescription Description { get; }

    /// <summary>The model; run it through the scheduler.</summary>
    public ILoadedModel Model { get; }

    internal ModelQueue Queue { get; }

    /// <summary>Gives the right back.</summary>
    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
