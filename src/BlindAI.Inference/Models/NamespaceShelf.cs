using BlindAI.Inference.Engines;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Models;

/// <summary>What one namespace holds. Its state is the catalogue's, and changes under the catalogue's lock.</summary>
internal sealed class NamespaceShelf(NamespaceName name, ByteBudget budget)
{
    /// <summary>Most names whose last version is remembered after they were deleted.</summary>
    private const int MaxRememberedNames = 10_000;

    private readonly Dictionary<ModelName, SortedList<int, ModelEntry>> _models = [];
    private readonly Dictionary<ModelName, int> _lastVersions = [];
    private readonly HashSet<ModelName> _uploads = [];

    public NamespaceName Name => name;

    public ByteBudget Budget => budget;

    /// <summary>Loaded models, and loads that have begun.</summary>
    public int Loaded { get; set; }

    /// <summary>Model versions, uploads in progress included.</summary>
    public int Count { get; private set; }

    public IEnumerable<ModelEntry> Entries => _models.Values.SelectMany(versions => versions.Values);

    /// <summary>The version of a number; without one the newest loaded, or the newest if none is.</summary>
    public ModelEntry? Find(ModelName model, int? version)
    {
        if (!_models.TryGetValue(model, out var versions))
        {
            return null;
        }

        if (version is { } number)
        {
            return versions.GetValueOrDefault(number);
        }

        for (var index = versions.Count - 1; index >= 0; index--)
        {
            if (versions.Values[index].Model is not null)
            {
                return versions.Values[index];
            }
        }

        return versions.Values[^1];
    }

    /// <summary>All versions of a model, or the one of a number.</summary>
    public ModelEntry[] FindAll(ModelName model, int? version) =>
        _models.TryGetValue(model, out var versions) ? [.. versions.Values.Where(entry => version is null || entry.Version == version)] : [];

    /// <summary>Whether the shelf holds nothing and has nothing to remember.</summary>
    public bool IsBlank => Count == 0 && _lastVersions.Count == 0;

    /// <summary>Keeps the history of names bounded: beyond the limit, deleted ones begin again at version 1.</summary>
    public void ForgetDeletedNamesOverTheLimit()
    {
        if (_lastVersions.Count < MaxRememberedNames)
        {
            return;
        }

        foreach (var name in _lastVersions.Keys.Where(name => !_models.ContainsKey(name)).ToList())
        {
            _ = _lastVersions.Remove(name);
        }
    }

    /// <summary>One more than the newest version that ever was: who names no version never gets a deleted one with other contents.</summary>
    public int? NextVersion(ModelName model) => _lastVersions.GetValueOrDefault(model) is var last && last < int.MaxValue ? last + 1 : null;

    /// <summary>Holds a name for an upload; false when one is in progress.</summary>
    public bool TryBeginUpload(ModelName model)
    {
        if (!_uploads.Add(model))
        {
            return false;
        }

        Count++;
        return true;
    }

    public void EndUpload(ModelName model)
    {
        if (_uploads.Remove(model))
        {
            Count--;
        }
    }

    /// <summary>Counts one more loaded model; at the limit, unloads the least recently used that can be loaded again and is not in use.</summary>
    /// <returns>What was unloaded, to be disposed of outside the lock; null when there was room.</returns>
    /// <exception cref="ServingException"><see cref="ServingCode.LimitReached"/>: there is no such model.</exception>
    public ILoadedModel? TakeLoadSlot(int most)
    {
        if (Loaded < most)
        {
            Loaded++;
            return null;
        }

        var idle = Entries.Where(entry => entry is { Model: not null, Bundle: not null, Leases: 0 }).MinBy(entry => entry.LastUse)
            ?? throw new ServingException(ServingCode.LimitReached, $"The namespace has {most} loaded models, the most it may.", "delete one first.");
        var unloaded = idle.Model;
        idle.Model = null;
        return unloaded;
    }

    public void Add(ModelEntry entry)
    {
        if (!_models.TryGetValue(entry.Name, out var versions))
        {
            _models.Add(entry.Name, versions = []);
        }

        versions.Add(entry.Version, entry);
        _lastVersions[entry.Name] = Math.Max(_lastVersions.GetValueOrDefault(entry.Name), entry.Version);
        Count++;
    }

    public void Remove(ModelEntry entry)
    {
        var versions = _models[entry.Name];
        _ = versions.Remove(entry.Version);
        if (versions.Count == 0)
        {
            _ = _models.Remove(entry.Name);
        }

        Count--;
    }
}
