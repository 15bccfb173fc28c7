using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using BlindAI.Protocol;
using BlindAI.Protocol.Ohttp;

namespace BlindAI.Client.Channel;

/// <summary>The body of a sealed request: a request of ours, sealed as it is written. Once: a second writing would use a nonce twice.</summary>
/// <remarks>Source: docs/wire-protocol.md, clause 10.</remarks>
internal sealed class SealedContent : HttpContent
{
    // Sealed bytes that are gathered from small pieces before they go to the connection.
    private const int FlushLength = 1 << 16;

    // Of a connection that an inner request does not have, or said elsewhere in its head.
    private static readonly string[] LeftOut = ["connection", "content-length", "expect", "host", "keep-alive", "transfer-encoding", "upgrade"];

    private readonly HttpContent? _inner;

    private readonly OhttpRequestSealer _sealer;

    private readonly BinaryHttpRequestHead _head;

    private readonly bool _isPadded;

    private int _isWritten;

    /// <param name="request">What is sealed.</param>
    /// <param name="sealer">Of this request alone.</param>
    /// <param name="service">The service's name: the only authority that the enclave answers for.</param>
    /// <param name="date">This client's time, against replays.</param>
    /// <param name="isPadded">Whether request and answer hide their length.</param>
    public SealedContent(HttpRequestMessage request, OhttpRequestSealer sealer, string service, DateTimeOffset date, bool isPadded)
    {
        _inner = request.Content;
        _sealer = sealer;
        _isPadded = isPadded;
        List<KeyValuePair<string, string>> headers = [new("date", date.ToString("r", CultureInfo.InvariantCulture))];
        if (isPadded)
        {
            headers.Add(new(HeaderNames.Padding, "1"));
        }

        headers.AddRange(request.Headers.NonValidated.Concat(request.Content?.Headers.NonValidated ?? [])
            .Select(header => new KeyValuePair<string, string>(header.Key.ToLowerInvariant(), header.Value.ToString()))
            .Where(header => !LeftOut.Contains(header.Key)));
        _head = new()
        {
            Method = request.Method.Method,
            Scheme = Uri.UriSchemeHttps,
            Authority = service,
            Path = request.RequestUri!.PathAndQuery,
            Headers = headers,
            ContentLength = request.Content is null ? 0 : request.Content.Headers.ContentLength,
        };
        Headers.ContentType = new MediaTypeHeaderValue(MediaTypes.OhttpChunkedRequest);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isWritten, 1) != 0)
        {
            throw new InvalidOperationException("A sealed request is written once.");
        }

        var body = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
        var message = BinaryHttpWriter.Start(new OhttpWriter(body, _sealer.Chunks, _isPadded), _head);
        try
        {
            if (_inner is not null)
            {
                var content = new InnerStream(message, body);
                await using (content.ConfigureAwait(false))
                {
                    await _inner.CopyToAsync(content, context, cancellationToken).ConfigureAwait(false);
                }
            }

            await message.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // Without its final chunk nobody takes it for a whole request.
            await message.CompleteAsync(exception).ConfigureAwait(false);
            throw;
        }
    }

    // The length depends on how the content is cut into chunks.
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    /// <summary>Where the inner content is written: small pieces share a chunk, large ones are sealed from where they lie.</summary>
    private sealed class InnerStream(BinaryHttpWriter message, PipeWriter body) : Stream
    {
        public override bool CanRead => false;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (buffer.Length > OhttpWriter.ChunkLength)
            {
                await message.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
                return;
            }

            message.Write(buffer.Span);
            if (body.UnflushedBytes >= FlushLength)
            {
                await body.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        // What is gathered goes with the next chunk: there is no one to whom a part of a request would be of use.
        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
