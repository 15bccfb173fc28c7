using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Models;

/// <summary>A name and version held for one upload. Disposing it without a commit leaves nothing.</summary>
/// <remarks>
/// <code>
/// using var upload = catalogue.BeginUpload(owner, name, version);
/// var bundle = await upload.ReceiveAsync(body, format, lengthHint, cancellationToken);
/// var description = await upload.CommitAsync(bundle, options, cancellationToken);
/// </code>
/// </remarks>
public sealed class UploadReservation : IDisposable
{
    private readonly ModelCatalogue _catalogue;
    private bool _isCommitted;
    private bool _isDisposed;

    internal UploadReservation(ModelCatalogue catalogue, NamespaceShelf shelf, ModelName name, int version, ByteBudget budget)
    {
        _catalogue = catalogue;
        Shelf = shelf;
        Name = name;
        Version = version;
        Budget = budget;
    }

    /// <summary>The model's name.</summary>
    public ModelName Name { get; }

    /// <summary>The version that a commit publishes.</summary>
    public int Version { get; }

    internal NamespaceShelf Shelf { get; }

    internal ByteBudget Budget { get; }

    /// <summary>Receives the bundle, counting its bytes against the limits of the upload, the namespace and the server.</summary>
    /// <exception cref="ServingException">
    /// As <see cref="BundleReceiver.ReceiveAsync"/>; <see cref="ServingCode.RequestTooLarge"/> for the upload's own limit,
    /// <see cref="ServingCode.LimitReached"/> for the others.
    /// </exception>
    public Task<ModelBundle> ReceiveAsync(Stream body, BundleFormat format, long? lengthHint = null, CancellationToken cancellationToken = default)
    {
        Budget.RefuseOver(lengthHint ?? 0);
        return BundleReceiver.ReceiveAsync(body, format, Budget, lengthHint, cancellationToken);
    }

    /// <summary>Checks and loads the model, then publishes it at once and whole. The bundle is this method's to dispose, whatever happens.</summary>
    /// <exception cref="ServingException">
    /// As <see cref="Engines.IInferenceEngine.Load"/>; <see cref="ServingCode.LimitReached"/>: too many loaded models;
    /// <see cref="ServingCode.ParameterUnsupported"/>: the time to live is out of range.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<ModelDescription> CommitAsync(ModelBundle bundle, UploadOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(_isDisposed || _isCommitted, this);
        try
        {
            var description = await _catalogue.CommitAsync(this, bundle, options, cancellationToken).ConfigureAwait(false);
            _isCommitted = true;
            return description;
        }
        catch
        {
            bundle.Dispose();
            throw;
        }
    }

    /// <summary>Lets go of the name; without a commit, of everything.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _catalogue.EndUpload(this);
        if (!_isCommitted)
        {
            Budget.Dispose();
        }
    }
}
