namespace BlindAI.Client.Channel;

/// <summary>Reads an answer up to a limit, counted as it arrives.</summary>
internal static class BoundedContent
{
    private const int FirstCapacity = 64 * 1024;

    /// <summary>The bytes; null when there are more than <paramref name="limit"/>.</summary>
    public static async Task<byte[]?> ReadAsync(HttpContent content, int limit, CancellationToken cancellationToken)
    {
        // A stated length is a hint for the first allocation, never a promise.
        var hint = content.Headers.ContentLength is { } stated and >= 0 ? Math.Min(stated, limit) : FirstCapacity;
        var buffer = new byte[hint];
        var length = 0;
        var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    // One byte more than fits tells the end from an overlong answer.
                    var probe = new byte[1];
                    if (await stream.ReadAsync(probe, cancellationToken).ConfigureAwait(false) == 0)
                    {
                        return buffer;
                    }

                    if (length == limit)
                    {
                        return null;
                    }

                    Array.Resize(ref buffer, (int)Math.Min(limit, Math.Max(FirstCapacity, 2L * length)));
                    buffer[length++] = probe[0];
                    continue;
                }

                var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    return buffer[..length];
                }

                length += read;
            }
        }
    }
}
