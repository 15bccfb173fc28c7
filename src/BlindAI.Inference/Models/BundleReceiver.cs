using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Models;

/// <summary>Turns an upload body into a bundle in memory, believing nothing that it states.</summary>
public static class BundleReceiver
{
    /// <summary>Receives a bundle to the end of the body. Whatever goes wrong, nothing of it stays.</summary>
    /// <param name="body">The body as it arrives; it is read into place without a copy between.</param>
    /// <param name="format">How the bundle travels.</param>
    /// <param name="budget">What the bytes are drawn from as they arrive; the caller returns them when the bundle is gone.</param>
    /// <param name="lengthHint">The stated length of the body, if any: where to stop growing, never what to allocate.</param>
    /// <param name="cancellationToken">Ends the upload.</param>
    /// <exception cref="ServingException">
    /// The budget's code; <see cref="ServingCode.UploadIncomplete"/>: the body ends too early; <see cref="ServingCode.BundleInvalid"/>: it is empty, or
    /// the archive holds anything but regular files with valid paths, each once; <see cref="ServingCode.RequestTooLarge"/>: a file over 2 GiB.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static async Task<ModelBundle> ReceiveAsync(
        Stream body, BundleFormat format, ByteBudget budget, long? lengthHint = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(budget);
        var received = new ReceivedBody(body, budget);
        return format switch
        {
            BundleFormat.Onnx => await ReceiveSingleAsync(received, lengthHint, cancellationToken).ConfigureAwait(false),
            BundleFormat.Tar => await new TarBundleReader(received).ReadAsync(cancellationToken).ConfigureAwait(false),
            _ => throw new ArgumentOutOfRangeException(nameof(format)),
        };
    }

    private static async Task<ModelBundle> ReceiveSingleAsync(ReceivedBody body, long? lengthHint, CancellationToken cancellationToken)
    {
        using var file = new ReceivedFile(lengthHint > 0 ? lengthHint : null);
        await file.ReceiveAllAsync(body, cancellationToken).ConfigureAwait(false);
        var model = file.Finish(BundlePath.SingleModel);
        return model.Entry.Size > 0
            ? new ModelBundle([model])
            : throw new ServingException(ServingCode.BundleInvalid, "The upload is empty.");
    }
}
