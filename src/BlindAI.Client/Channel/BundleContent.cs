using System.Net;
using System.Net.Http.Headers;
using BlindAI.Client.Models;
using BlindAI.Protocol.Models;

namespace BlindAI.Client.Channel;

/// <summary>An upload body written straight from the files to the connection, digested on the way.</summary>
internal sealed class BundleContent : HttpContent, IRepeatableContent
{
    private readonly ModelFolder _folder;

    private readonly IProgress<UploadProgress>? _progress;

    private readonly CancellationToken _cancellationToken;

    public BundleContent(ModelFolder folder, IProgress<UploadProgress>? progress, CancellationToken cancellationToken)
    {
        _folder = folder;
        _progress = progress;
        _cancellationToken = cancellationToken;
        Headers.ContentType = new MediaTypeHeaderValue(folder.Format.MediaType());
    }

    /// <summary>The digest of exactly what was sent; null until all of it was.</summary>
    public ModelDigest? SentDigest { get; private set; }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        var manifest = await _folder.WriteToAsync(stream, _progress is null ? null : new SentBytes(this), _cancellationToken).ConfigureAwait(false);
        SentDigest = manifest.Digest;
    }

    // Only a single file has a length that is known beforehand; an archive goes in chunks.
    protected override bool TryComputeLength(out long length)
    {
        length = _folder.TotalBytes;
        return _folder.Format == BundleFormat.Onnx;
    }

    private sealed class SentBytes(BundleContent content) : IProgress<long>
    {
        public void Report(long value) => content._progress!.Report(new(value, content._folder.TotalBytes));
    }
}
