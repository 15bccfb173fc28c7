using BlindAI.Inference.Engines;
using BlindAI.Inference.Scheduling;
using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Models;

/// <summary>A published model version. Its state is the catalogue's, and changes under the catalogue's lock.</summary>
internal sealed class ModelEntry(NamespaceShelf shelf, ModelDescription description, ModelOverrides overrides, RunProfile profile, ByteBudget budget)
{
    public NamespaceShelf Shelf => shelf;

    /// <summary>What its uploader decided, for loading it again.</summary>
    public ModelOverrides Overrides => overrides;

    /// <summary>What waits for it.</summary>
    public ModelQueue Queue { get; } = new(description.Configuration, profile);

    public ModelName Name => description.Name;

    public int Version => description.Version;

    /// <summary>The loaded model; null while it is unloaded.</summary>
    public ILoadedModel? Model { get; set; }

    /// <summary>The uploaded bytes; null once they are not needed to load it again.</summary>
    public ModelBundle? Bundle { get; set; }

    /// <summary>The load in progress, which every request for it awaits.</summary>
    public Task? Loading { get; set; }

    /// <summary>Requests and loads that need it.</summary>
    public int Leases { get; set; }

    /// <summary>When it was last acquired: a count that only grows.</summary>
    public long LastUse { get; set; }

    public bool IsDeleted { get; set; }

    /// <summary>Whether it shall be unloaded when its last lease ends; whoever acquires it before that changes its mind.</summary>
    public bool IsUnloading { get; set; }

    public ITimer? Expiry { get; set; }

    /// <summary>The description while it is loaded: one object for all leases.</summary>
    public ModelDescription Loaded => description;

    public ModelDescription Describe() => Model is not null ? description : description with { State = ModelState.Unloaded };

    /// <summary>Takes the loaded model out, to be disposed of outside the lock. Only without leases.</summary>
    public ILoadedModel TakeModel()
    {
        var model = Model!;
        Model = null;
        IsUnloading = false;
        Shelf.Loaded--;
        return model;
    }

    /// <summary>Frees everything. Only without leases, and outside the lock, since a session takes milliseconds to end.</summary>
    public void Free()
    {
        Expiry?.Dispose();
        Model?.Dispose();
        Bundle?.Dispose();
        budget.Dispose();
    }
}
