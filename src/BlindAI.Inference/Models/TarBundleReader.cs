using System.Text;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Models;

/// <summary>Reads a tar archive (ustar, PAX or GNU) of regular files into a bundle.</summary>
/// <remarks>
/// Not System.Formats.Tar: its reader allocates what an extended header's size claims, and takes links, devices and any path. Here a size only says
/// where an entry ends; memory follows the bytes that arrive. A leading <c>./</c> is dropped, as <c>tar -C folder -cf - .</c> writes it.
/// </remarks>
internal sealed class TarBundleReader(ReceivedBody body)
{
    // PAX records and long names of paths that are at most 255 characters, with room for times and owners.
    private const int MaxAttributesLength = 64 * 1024;

    private readonly byte[] _block = new byte[TarHeader.BlockLength];
    private readonly List<BundleFile> _files = [];
    private readonly HashSet<BundlePath> _paths = [];
    private string? _nextPath;
    private long? _nextSize;
    private int _entries;

    /// <exception cref="ServingException">As <see cref="BundleReceiver.ReceiveAsync"/>.</exception>
    public async Task<ModelBundle> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RefuseEmptyAsync(cancellationToken).ConfigureAwait(false);
            while (_block.AsSpan().ContainsAnyExcept((byte)0))
            {
                await ReadEntryAsync(TarHeader.Parse(_block), cancellationToken).ConfigureAwait(false);
                await body.ReadExactlyAsync(_block, cancellationToken).ConfigureAwait(false);
            }

            await ReadEndAsync(cancellationToken).ConfigureAwait(false);
            return new ModelBundle(_files);
        }
        catch
        {
            _files.ForEach(file => file.Zero());
            throw;
        }
    }

    private async ValueTask RefuseEmptyAsync(CancellationToken cancellationToken)
    {
        var count = await body.ReadAsync(_block, cancellationToken).ConfigureAwait(false);
        if (count == 0)
        {
            throw new ServingException(ServingCode.BundleInvalid, "The upload is empty.");
        }

        await body.ReadExactlyAsync(_block.AsMemory(count), cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask ReadEntryAsync(TarHeader header, CancellationToken cancellationToken)
    {
        var size = _nextSize ?? header.Size;
        switch (header.Kind)
        {
            case TarEntryKind.Attributes:
                var records = PaxRecords.Parse(await ReadAttributesAsync(header.Size, cancellationToken).ConfigureAwait(false));
                (_nextPath, _nextSize) = (records.Path ?? _nextPath, records.Size);
                return;
            case TarEntryKind.GlobalAttributes:
                if (PaxRecords.Parse(await ReadAttributesAsync(header.Size, cancellationToken).ConfigureAwait(false)) != default)
                {
                    throw new ServingException(ServingCode.BundleInvalid, "The archive gives all its entries one path or size.");
                }

                return;
            case TarEntryKind.LongPath:
                _nextPath = Encoding.Latin1.GetString(await ReadAttributesAsync(header.Size, cancellationToken).ConfigureAwait(false)).TrimEnd('\0');
                return;
            case TarEntryKind.Folder:
                AcceptFolder(_nextPath ?? header.Path, size);
                break;
            default:
                await ReadFileAsync(AcceptFile(_nextPath ?? header.Path), size, cancellationToken).ConfigureAwait(false);
                break;
        }

        (_nextPath, _nextSize) = (null, null);
    }

    private async ValueTask ReadFileAsync(BundlePath path, long size, CancellationToken cancellationToken)
    {
        using var file = new ReceivedFile(size);
        await file.ReceiveStatedAsync(body, cancellationToken).ConfigureAwait(false);
        _files.Add(file.Finish(path));
        await SkipPaddingAsync(size, cancellationToken).ConfigureAwait(false);
    }

    private BundlePath AcceptFile(string path)
    {
        CountEntry();
        var valid = BundlePath.Parse(WithoutDot(path));
        return _paths.Add(valid) ? valid : throw new ServingException(ServingCode.BundleInvalid, "The archive holds two files of the same path.");
    }

    private void AcceptFolder(string path, long size)
    {
        CountEntry();
        var folder = WithoutDot(path).TrimEnd('/');
        if (size != 0)
        {
            throw new ServingException(ServingCode.BundleInvalid, "The archive holds a folder with contents of its own.");
        }

        if (folder.Length > 0)
        {
            _ = BundlePath.Parse(folder);
        }
    }

    private void CountEntry()
    {
        if (++_entries > ModelManifest.MaxFiles)
        {
            throw new ServingException(ServingCode.BundleInvalid, $"The archive holds more than {ModelManifest.MaxFiles} entries.");
        }
    }

    private async ValueTask<byte[]> ReadAttributesAsync(long size, CancellationToken cancellationToken)
    {
        if (size > MaxAttributesLength)
        {
            throw new ServingException(ServingCode.BundleInvalid, $"The archive has an extended header of {size} bytes; the most is {MaxAttributesLength}.");
        }

        var attributes = new byte[size];
        await body.ReadExactlyAsync(attributes, cancellationToken).ConfigureAwait(false);
        await SkipPaddingAsync(size, cancellationToken).ConfigureAwait(false);
        return attributes;
    }

    private ValueTask SkipPaddingAsync(long size, CancellationToken cancellationToken) =>
        body.ReadExactlyAsync(_block.AsMemory(0, (int)(-size & (TarHeader.BlockLength - 1))), cancellationToken);

    // The second zero block, then zeros up to the end of the body: tar pads its output to 10 KiB.
    private async ValueTask ReadEndAsync(CancellationToken cancellationToken)
    {
        await body.ReadExactlyAsync(_block, cancellationToken).ConfigureAwait(false);
        for (var count = _block.Length; count > 0; count = await body.ReadAsync(_block, cancellationToken).ConfigureAwait(false))
        {
            if (_block.AsSpan(0, count).ContainsAnyExcept((byte)0))
            {
                throw new ServingException(ServingCode.BundleInvalid, "Bytes follow the end of the archive.");
            }
        }
    }

    private static string WithoutDot(string path) => path == "." ? "" : path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
}
