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
    // Of one piece of the body's memory.
    private const int SegmentLength = 1 << 17;

    // Of a connection that an inner request does not have, or said elsewhere in its head.
    private static readonly string[] LeftOut = ["connection", "content-length", "expect", "host", "keep-alive", "transfer-encoding", "upgrade"];

    private readonly HttpContent? _inner;

    private readonly SealedProof _proof;

    private readonly OhttpRequestSealer _sealer;

    private readonly BinaryHttpRequestHead _head;

    private readonly bool _isPadded;

    private int _isWritten;

    // This object, and the writing of it.
    private int _holders = 1;

    private int _isDisposed;

    /// <param name="request">What is sealed.</param>
    /// <param name="proof">What the key rests on: looked at again when the writing begins, since a request may wait for a connection.</param>
    /// <param name="sealer">Of this request alone. Its keys go when this was disposed of and nothing is being sealed any more.</param>
    /// <param name="service">The service's name: the only authority that the enclave answers for.</param>
    /// <param name="date">This client's time, against replays.</param>
    /// <param name="isPadded">Whether request and answer hide their length.</param>
    public SealedContent(HttpRequestMessage request, SealedProof proof, OhttpRequestSealer sealer, string service, DateTimeOffset date, bool isPadded)
    {
        _inner = request.Content;
        _proof = proof;
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
            throw new IOException("A sealed request is written once.");
        }

        _proof.RequireMayServe();
        Interlocked.Increment(ref _holders);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
            await SealAsync(stream, context, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Release();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _head.ContentLength is null ? 0 : OhttpWriter.SealedLength(_sealer.Chunks, BinaryHttpWriter.LengthOf(_head), _isPadded);
        return _head.ContentLength is not null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            Release();
        }

        base.Dispose(disposing);
    }

    private async Task SealAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var body = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: SegmentLength, leaveOpen: true));
        var message = BinaryHttpWriter.Start(new OhttpWriter(body, _sealer.Chunks, _isPadded, isGathered: true), _head);
        try
        {
            if (_inner is not null)
            {
                await _inner.CopyToAsync(message.AsStream(leaveOpen: true), context, cancellationToken).ConfigureAwait(false);
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

    private void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            _sealer.Dispose();
        }
    }
}
