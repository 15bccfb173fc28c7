using System.Buffers;
using System.IO.Pipelines;
using BlindAI.Protocol;
using BlindAI.Protocol.Ohttp;
using Microsoft.AspNetCore.Http.Features;

namespace BlindAI.Server.Sealed;

/// <summary>The answer to a sealed request: status, headers and content become one Binary HTTP message, sealed into the outer answer as they are written.</summary>
/// <remarks>
/// An answer whose length is stated and fits one chunk is sealed as one; any other goes out as it is written. Bytes of a stated length are sealed from the endpoint's memory into the
/// outer pipe's, with no copy between. In the single form everything is held, and an answer that would be too much is refused before it begins.
/// </remarks>
internal sealed class SealedAnswer : HttpResponseFeature, IHttpResponseBodyFeature
{
    /// <summary>Most content bytes of an answer in the single form: half of what a message may have, since padding may double it, less a head.</summary>
    public const int MaxSingleLength = (OhttpChunkOpener.MaxPlaintextLength / 2) - (2 * BinaryHttpLimits.MaxFieldSectionLength);

    private readonly HttpResponse _outer;

    private readonly OhttpChunkSealer _sealer;

    private readonly bool _isPadded;

    private readonly ContentWriter _writer;

    private readonly Stack<(Func<object, Task> Callback, object State)> _onStarting = new();

    private readonly Stack<(Func<object, Task> Callback, object State)> _onCompleted = new();

    private BinaryHttpWriter? _content;

    /// <param name="outer">The answer that carries it.</param>
    /// <param name="sealer">Seals it.</param>
    /// <param name="isPadded">Whether the caller asked for a length that tells little.</param>
    public SealedAnswer(HttpResponse outer, OhttpChunkSealer sealer, bool isPadded)
    {
        _outer = outer;
        _sealer = sealer;
        _isPadded = isPadded;
        _writer = new(this);
        Stream = _writer.AsStream(leaveOpen: true);
    }

    public override bool HasStarted => _content is not null;

    public Stream Stream { get; }

    public PipeWriter Writer => _writer;

    private bool IsSingle => _sealer.Form == OhttpForm.Single;

    public override void OnStarting(Func<object, Task> callback, object state) => _onStarting.Push((callback, state));

    public override void OnCompleted(Func<object, Task> callback, object state) => _onCompleted.Push((callback, state));

    public void DisableBuffering()
    {
    }

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (_content is null)
        {
            await StartAsync(Headers.ContentLength);
        }
    }

    // The middleware finishes the answer when the whole pipeline has; an endpoint's word for it is not needed.
    public Task CompleteAsync() => Task.CompletedTask;

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("This server sends no files.");

    /// <summary>Seals what is left, with the end that makes the answer a whole one.</summary>
    public async Task FinishAsync()
    {
        if (_content is null)
        {
            await StartAsync(_writer.HeldLength);
        }

        await _content!.CompleteAsync();
    }

    /// <summary>Lets go of what the endpoint registered.</summary>
    public async Task ReleaseAsync()
    {
        while (_onCompleted.TryPop(out var registered))
        {
            await registered.Callback(registered.State);
        }
    }

    private async Task StartAsync(long? contentLength)
    {
        while (_onStarting.TryPop(out var registered))
        {
            await registered.Callback(registered.State);
        }

        if (IsSingle && contentLength > MaxSingleLength)
        {
            throw new ServingException(ServingCode.RequestTooLarge, $"The answer has {contentLength} bytes; sealed in one piece it may have {MaxSingleLength}.", $"send {MediaTypes.OhttpChunkedRequest}.");
        }

        _outer.StatusCode = StatusCodes.Status200OK;
        _outer.ContentType = IsSingle ? MediaTypes.OhttpResponse : MediaTypes.OhttpChunkedResponse;
        _outer.Headers.CacheControl = "no-store";
        _content = BinaryHttpWriter.Start(new OhttpWriter(_outer.BodyWriter, _sealer, _isPadded), new BinaryHttpResponseHead
        {
            Status = StatusCode,
            Headers = [.. Headers.SelectMany(header => header.Value, (header, value) => KeyValuePair.Create(header.Key.ToLowerInvariant(), value ?? ""))],
            ContentLength = contentLength,
        });
        _writer.Begin(_content, isWhole: IsSingle || contentLength <= OhttpWriter.ChunkLength);
    }

    /// <summary>Holds what is written until the head is known, then passes it on.</summary>
    private sealed class ContentWriter(SealedAnswer answer) : PipeWriter
    {
        private readonly ArrayBufferWriter<byte> _held = new();

        private PipeWriter? _content;

        // Whether flushes wait for the end.
        private bool _isWhole;

        public long HeldLength => _held.WrittenCount;

        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => _content?.UnflushedBytes ?? _held.WrittenCount;

        public void Begin(PipeWriter content, bool isWhole)
        {
            _content = content;
            _isWhole = isWhole;
            content.Write(_held.WrittenSpan);
            _held.ResetWrittenCount();
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => _content?.GetMemory(sizeHint) ?? _held.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void Advance(int bytes)
        {
            if (_content is null)
            {
                _held.Advance(bytes);
            }
            else
            {
                _content.Advance(bytes);
            }
        }

        public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            await answer.StartAsync(cancellationToken);
            return _isWhole ? default : await _content!.FlushAsync(cancellationToken);
        }

        public override async ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
        {
            await answer.StartAsync(cancellationToken);
            if (!_isWhole)
            {
                return await _content!.WriteAsync(source, cancellationToken);
            }

            _content!.Write(source.Span);
            return default;
        }

        public override void CancelPendingFlush() => _content?.CancelPendingFlush();

        // As for the answer: only the middleware ends it.
        public override void Complete(Exception? exception = null)
        {
        }
    }
}
