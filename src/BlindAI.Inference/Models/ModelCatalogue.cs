using System.Runtime.CompilerServices;
using BlindAI.Inference.Engines;
using BlindAI.Inference.Scheduling;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Models;

/// <summary>The models in memory, namespace by namespace. No call of a caller's shows anything of another namespace.</summary>
/// <remarks>
/// A loaded model drops its uploaded bytes unless <see cref="ModelLimits.KeepModelBytes"/> is set. With it, the least recently used model of a
/// namespace makes room for another and is loaded again on demand; without it, a loaded model stays until it is deleted.
/// </remarks>
public sealed class ModelCatalogue : IDisposable
{
    private readonly ModelLoader _loader;
    private readonly ModelLimits _limits;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<NamespaceName, NamespaceShelf> _shelves = [];
    private readonly ByteBudget _total;
    private long _uses;
    private bool _isDisposed;

    /// <summary>Makes an empty catalogue.</summary>
    /// <param name="engine">Loads models.</param>
    /// <param name="limits">How much the catalogue takes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="profiler">Measures what it loads; without one, nothing runs inline and only what its owner says is batched.</param>
    public ModelCatalogue(IInferenceEngine engine, ModelLimits limits, TimeProvider time, ModelProfiler? profiler = null)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentNullException.ThrowIfNull(time);
        _loader = new ModelLoader(engine, profiler);
        _limits = limits;
        _time = time;
        _total = new ByteBudget(limits.MaxTotalBytes, ServingCode.LimitReached, "The memory that the server gives to models");
    }

    /// <summary>Bytes of all bundles that are held or arriving.</summary>
    public long TotalBytes => _total.Used;

    /// <summary>Holds a name for an upload; without a version, the one after the newest that ever was.</summary>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.UploadConflict"/>: the version exists, or an upload of the name is in progress;
    /// <see cref="ServingCode.LimitReached"/>: the namespace has as many models as it may; <see cref="ServingCode.ShuttingDown"/>.
    /// </exception>
    public UploadReservation BeginUpload(NamespaceName owner, ModelName name, int? version = null)
    {
        if (version is { } number)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(number, nameof(version));
        }

        lock (_gate)
        {
            RefuseWhenStopping();
            if (!_shelves.TryGetValue(owner, out var shelf))
            {
                // A namespace that holds nothing gives way: its version numbers begin again, but nobody can use names up.
                if (_shelves.Count >= _limits.MaxNamespaces && _shelves.Values.FirstOrDefault(held => held.Count == 0) is { } empty)
                {
                    _ = _shelves.Remove(empty.Name);
                }

                if (_shelves.Count >= _limits.MaxNamespaces)
                {
                    throw new ServingException(ServingCode.LimitReached, $"The server has {_limits.MaxNamespaces} namespaces, the most it may.", "use one that exists.");
                }

                var bytes = new ByteBudget(_limits.MaxBytesPerNamespace, ServingCode.LimitReached, "The namespace", _total);
                _shelves.Add(owner, shelf = new(owner, bytes));
            }

            var next = version ?? shelf.NextVersion(name)
                ?? throw new ServingException(ServingCode.LimitReached, "The model has no version left.", "use another name.");
            shelf.ForgetDeletedNamesOverTheLimit();
            if (version is not null && shelf.Find(name, version) is not null)
            {
                throw new ServingException(ServingCode.UploadConflict, $"Version {next} of the model exists.", "upload without a version to get the next one.");
            }

            if (shelf.Count >= _limits.MaxModelsPerNamespace)
            {
                throw new ServingException(
                    ServingCode.LimitReached, $"The namespace has {_limits.MaxModelsPerNamespace} models, the most it may.", "delete one first.");
            }

            var budget = new ByteBudget(_limits.MaxModelBytes, ServingCode.RequestTooLarge, "The model", shelf.Budget);
            return shelf.TryBeginUpload(name)
                ? new UploadReservation(this, shelf, name, next, budget)
                : throw new ServingException(ServingCode.UploadConflict, "The model is being uploaded.", "wait for that upload to end.");
        }
    }

    /// <summary>Takes a model to run; without a version, the newest that is loaded. Loads it when it is not.</summary>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.ModelNotFound"/>; <see cref="ServingCode.LimitReached"/>: too many models are loaded and none can be unloaded;
    /// as <see cref="IInferenceEngine.Load"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled; a load that began goes on for others.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ModelLease> AcquireAsync(NamespaceName owner, ModelName name, int? version = null, CancellationToken cancellationToken = default)
    {
        ModelEntry entry;
        Task? loading;
        ILoadedModel? unloaded = null;
        lock (_gate)
        {
            entry = _shelves.GetValueOrDefault(owner)?.Find(name, version) ?? throw NotFound();
            if (entry.Model is null && entry.Loading is null)
            {
                unloaded = entry.Shelf.TakeLoadSlot(_limits.MaxLoadedModelsPerNamespace);
                entry.Leases++;
                entry.Loading = LoadAgainAsync(entry);
            }

            entry.Leases++;
            entry.IsUnloading = false;
            entry.LastUse = ++_uses;
            loading = entry.Loading;
        }

        unloaded?.Dispose();
        try
        {
            if (loading is not null)
            {
                await loading.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            return new ModelLease(entry.Loaded, entry.Model!, entry.Queue, () => Release(entry));
        }
        catch
        {
            Release(entry);
            throw;
        }
    }

    /// <summary>Describes a model; without a version, the one that a request would get. Null when there is none.</summary>
    public ModelDescription? Find(NamespaceName owner, ModelName name, int? version = null)
    {
        lock (_gate)
        {
            return _shelves.GetValueOrDefault(owner)?.Find(name, version)?.Describe();
        }
    }

    /// <summary>Describes every model version of a namespace, by name and version.</summary>
    public IReadOnlyList<ModelDescription> List(NamespaceName owner)
    {
        lock (_gate)
        {
            return [.. (_shelves.GetValueOrDefault(owner)?.Entries ?? []).Select(entry => entry.Describe())
                .OrderBy(model => model.Name.Value, StringComparer.Ordinal).ThenBy(model => model.Version)];
        }
    }

    /// <summary>Describes every model version of every namespace: for the operator's figures, never for a caller.</summary>
    public IReadOnlyList<ModelDescription> ListAll()
    {
        lock (_gate)
        {
            return [.. _shelves.Values.SelectMany(shelf => shelf.Entries).Select(entry => entry.Describe())];
        }
    }

    /// <summary>Deletes a version, or all of a model. Requests that run finish; the memory goes when the last of them ends.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ModelNotFound"/>.</exception>
    public void Delete(NamespaceName owner, ModelName name, int? version = null)
    {
        ModelEntry[] entries;
        lock (_gate)
        {
            entries = _shelves.GetValueOrDefault(owner)?.FindAll(name, version) ?? [];
        }

        if (entries.Length == 0)
        {
            throw NotFound();
        }

        foreach (var entry in entries)
        {
            Delete(entry);
        }
    }

    /// <summary>Loads the newest version of a model; nothing happens when it is loaded.</summary>
    /// <exception cref="ServingException">As <see cref="AcquireAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a load that began goes on.</exception>
    public async Task LoadAsync(NamespaceName owner, ModelName name, CancellationToken cancellationToken = default)
    {
        int newest;
        lock (_gate)
        {
            newest = _shelves.GetValueOrDefault(owner)?.FindAll(name, version: null) is [.., var last] ? last.Version : throw NotFound();
        }

        using var lease = await AcquireAsync(owner, name, newest, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Unloads every loaded version of a model; the next request, or a load, loads it again. Requests that run finish, and the memory goes when the last of them ends.</summary>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.ModelNotFound"/>; <see cref="ServingCode.UnloadRefused"/>: a loaded version could not be loaded again, so none is unloaded.
    /// </exception>
    public void Unload(NamespaceName owner, ModelName name)
    {
        var unloaded = new List<ILoadedModel>();
        lock (_gate)
        {
            var entries = _shelves.GetValueOrDefault(owner)?.FindAll(name, version: null) ?? [];
            if (entries.Length == 0)
            {
                throw NotFound();
            }

            if (entries.FirstOrDefault(entry => entry is { Model: not null, Bundle: null }) is { } kept)
            {
                throw new ServingException(ServingCode.UnloadRefused, $"Version {kept.Version} of the model is loaded, and its uploaded bytes were dropped: it could not be loaded again.",
                    "delete it to free its memory, and upload it when it is needed again.");
            }

            foreach (var entry in entries.Where(entry => entry.Model is not null))
            {
                if (entry.Leases > 0)
                {
                    entry.IsUnloading = true;
                }
                else
                {
                    unloaded.Add(entry.TakeModel());
                }
            }
        }

        foreach (var model in unloaded)
        {
            model.Dispose();
        }
    }

    /// <summary>Deletes everything; models that run go when their leases do.</summary>
    public void Dispose()
    {
        ModelEntry[] entries;
        lock (_gate)
        {
            _isDisposed = true;
            entries = [.. _shelves.Values.SelectMany(shelf => shelf.Entries)];
        }

        foreach (var entry in entries)
        {
            Delete(entry);
        }
    }

    internal async Task<ModelDescription> CommitAsync(UploadReservation upload, ModelBundle bundle, UploadOptions options, CancellationToken cancellationToken)
    {
        if (options.TimeToLive is { } asked && (asked <= TimeSpan.Zero || asked > _limits.MaxTimeToLive))
        {
            throw new ServingException(
                ServingCode.ParameterUnsupported, $"A time to live is more than 0 and at most {_limits.MaxTimeToLive.TotalSeconds:0} seconds.");
        }

        if (options.Load)
        {
            ILoadedModel? unloaded;
            lock (_gate)
            {
                unloaded = upload.Shelf.TakeLoadSlot(_limits.MaxLoadedModelsPerNamespace);
            }

            unloaded?.Dispose();
        }

        ILoadedModel? model = null;
        try
        {
            (model, var derived, var configuration, var profile) = await _loader.LoadAsync(bundle, options.Overrides, cancellationToken).ConfigureAwait(false);
            var description = Describe(upload, bundle, model.Signature, options.TimeToLive) with { Configuration = configuration, Derived = derived };
            var entry = new ModelEntry(upload.Shelf, description, options.Overrides, profile, upload.Budget);
            lock (_gate)
            {
                RefuseWhenStopping();
                entry.Model = options.Load ? model : null;
                entry.Bundle = !options.Load || _limits.KeepModelBytes ? bundle : null;
                entry.LastUse = ++_uses;
                entry.Expiry = options.TimeToLive is { } lifetime
                    ? _time.CreateTimer(_ => Delete(entry), null, lifetime, Timeout.InfiniteTimeSpan)
                    : null;
                upload.Shelf.Add(entry);
            }

            if (entry.Bundle is null)
            {
                ModelLoader.Drop(bundle);
            }

            if (!options.Load)
            {
                model.Dispose();
            }

            return entry.Describe();
        }
        catch
        {
            model?.Dispose();
            if (options.Load)
            {
                ReturnLoadSlot(upload.Shelf);
            }

            throw;
        }
    }

    internal void EndUpload(UploadReservation upload)
    {
        lock (_gate)
        {
            upload.Shelf.EndUpload(upload.Name);
            if (upload.Shelf.IsBlank)
            {
                _ = _shelves.Remove(upload.Shelf.Name);
            }
        }
    }

    private ModelDescription Describe(UploadReservation upload, ModelBundle bundle, ModelSignature signature, TimeSpan? timeToLive)
    {
        var now = _time.GetUtcNow();
        return new()
        {
            Namespace = upload.Shelf.Name,
            Name = upload.Name,
            Version = upload.Version,
            Digest = bundle.Manifest.Digest,
            Sha256 = bundle.ModelFile.Entry.Sha256,
            Signature = signature,
            Size = bundle.Manifest.TotalBytes,
            State = ModelState.Ready,
            UploadedAt = now,
            ExpiresAt = now + timeToLive,
            Statistics = new ModelStatistics(),
        };
    }

    private async Task LoadAgainAsync(ModelEntry entry)
    {
        ILoadedModel? model = null;
        ModelBundle? bundle = null;
        try
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);      // the caller holds the lock
            model = await _loader.LoadAgainAsync(entry.Bundle!, entry.Overrides, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                entry.Loading = null;
                entry.Model = model;
                entry.Shelf.Loaded -= model is null || entry.IsDeleted ? 1 : 0;
                if (model is not null && !_limits.KeepModelBytes)
                {
                    (bundle, entry.Bundle) = (entry.Bundle, null);
                }
            }

            if (bundle is not null)
            {
                ModelLoader.Drop(bundle);
            }

            Release(entry);
        }
    }

    private void ReturnLoadSlot(NamespaceShelf shelf)
    {
        lock (_gate)
        {
            shelf.Loaded--;
        }
    }

    private void Release(ModelEntry entry)
    {
        bool isLast;
        ILoadedModel? unloaded;
        lock (_gate)
        {
            entry.Leases--;
            isLast = entry is { IsDeleted: true, Leases: 0 };
            unloaded = entry is { IsUnloading: true, IsDeleted: false, Leases: 0, Model: not null } ? entry.TakeModel() : null;
        }

        unloaded?.Dispose();
        if (isLast)
        {
            entry.Free();
        }
    }

    private void Delete(ModelEntry entry)
    {
        lock (_gate)
        {
            if (entry.IsDeleted)
            {
                return;
            }

            entry.IsDeleted = true;
            entry.Leases++;
            entry.Shelf.Remove(entry);
            entry.Shelf.Loaded -= entry.Model is not null ? 1 : 0;
        }

        Release(entry);
    }

    private void RefuseWhenStopping()
    {
        if (_isDisposed)
        {
            throw new ServingException(ServingCode.ShuttingDown, "The server is stopping.");
        }
    }

    private static ServingException NotFound() => new(ServingCode.ModelNotFound, "No such model or version.", "list the models of this namespace.");
}
