using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using BlindAI.Client.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Client.Channel;

/// <summary>An upload body read from a stream that holds one ONNX file, digested on the way.</summary>
internal sealed class StreamedModelContent : HttpContent
{
    private const int BufferSize = 256 * 1024;

    private readonly Stream _source;

    private readonly IProgress<UploadProgress>? _progress;

    private readonly CancellationToken _cancellationToken;

    public StreamedModelContent(Stream source, IProgress<UploadProgress>? progress, CancellationToken cancellationToken)
    {
        _source = source;
        _progress = progress;
        _cancellationToken = cancellationToken;
        Headers.ContentType = new MediaTypeHeaderValue(MediaTypes.Onnx);
    }

    /// <summary>The digest of exactly what was sent; null until all of it was.</summary>
    public ModelDigest? SentDigest { get; private set; }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        long? total = TryComputeLength(out var known) ? known : null;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            var sent = 0L;
            while (await _source.ReadAsync(buffer, _cancellationToken).ConfigureAwait(false) is > 0 and var read)
            {
                hash.AppendData(buffer, 0, read);
                await stream.WriteAsync(buffer.AsMemory(0, read), _cancellationToken).ConfigureAwait(false);
                sent += read;
                _progress?.Report(new(sent, total));
            }

            var file = new ManifestEntry(BundlePath.SingleModel, sent, Convert.ToHexStringLower(hash.GetHashAndReset()));
            SentDigest = new ModelManifest([file]).Digest;
        }
        finally
        {
            // The model is its owner's property: it does not stay behind in a shared buffer.
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _source.CanSeek ? _source.Length - _source.Position : 0;
        return _source.CanSeek;
    }
}
