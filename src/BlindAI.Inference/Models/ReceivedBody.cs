using BlindAI.Protocol;

namespace BlindAI.Inference.Models;

/// <summary>An upload body that is counted while it is read.</summary>
internal sealed class ReceivedBody(Stream body, ByteBudget budget)
{
    /// <summary>Reads what has arrived; 0 at the end.</summary>
    /// <exception cref="ServingException">The budget's code; <see cref="ServingCode.UploadIncomplete"/>: the connection broke.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        int count;
        try
        {
            count = await body.ReadAsync(destination, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException exception)
        {
            throw new ServingException(ServingCode.UploadIncomplete, "The connection broke during the upload.", innerException: exception);
        }

        budget.Take(count);
        return count;
    }

    /// <summary>Fills the destination.</summary>
    /// <exception cref="ServingException">As <see cref="ReadAsync"/>; <see cref="ServingCode.UploadIncomplete"/>: the body ends before.</exception>
    public async ValueTask ReadExactlyAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (!destination.IsEmpty)
        {
            var count = await ReadAsync(destination, cancellationToken).ConfigureAwait(false);
            destination = count > 0 ? destination[count..] : throw Incomplete();
        }
    }

    /// <summary>The body ends before the bundle does.</summary>
    public static ServingException Incomplete() =>
        new(ServingCode.UploadIncomplete, "The upload ended before the bundle did.", "send it again; nothing was kept.");
}
