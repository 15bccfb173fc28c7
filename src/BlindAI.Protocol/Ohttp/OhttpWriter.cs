using System.Buffers;
using System.IO.Pipelines;
using System.Numerics;
using BlindAI.Protocol.Hpke;

namespace BlindAI.Protocol.Ohttp;

/// <summary>Seals what is written to it: the head of the message, then chunks of one size, then, on completion without a fault, the final chunk.</summary>
/// <remarks>
/// Plaintext is gathered in one pooled buffer of a chunk and sealed from there into the body's own memory; a large piece is sealed from where it lies. A flush sends
/// what there is, as streaming needs it; with padding it sends whole chunks alone, so that chunks and length tell nothing but the length's power of two. A message that nobody
/// reads before it is whole is gathered: flushes are left to the writer, which makes its length known beforehand. Completed with
/// a fault, the message stays without a final chunk and the body is completed with that fault: the other end cannot take it for a whole one.
/// In the single form everything is gathered and sealed at the end.
/// </remarks>
public sealed class OhttpWriter : PipeWriter
{
    /// <summary>Plaintext bytes of a chunk.</summary>
    public const int ChunkLength = 1 << 14;

    /// <summary>Padding rounds a message up to at least this length, and beyond to a power of two.</summary>
    public const int MinPaddedLength = 1024;

    // Sealed bytes that are sent together while more of a large piece is to come.
    private const int FlushLength = 1 << 16;

    private readonly PipeWriter _body;
    private readonly OhttpChunkSealer _sealer;
    private readonly bool _isPadded;
    private readonly bool _isGathered;

    private byte[] _buffer = [];
    private int _filled;
    private long _written;
    private bool _isStarted;
    private bool _isCompleted;

    /// <summary>Starts a message.</summary>
    /// <param name="body">Where the sealed bytes go.</param>
    /// <param name="sealer">Seals the chunks.</param>
    /// <param name="isPadded">Rounds the length up with zeros, which Binary HTTP allows after a message.</param>
    /// <param name="isGathered">Whether a flush sends nothing by itself: the other end has no use for a part of the message.</param>
    public OhttpWriter(PipeWriter body, OhttpChunkSealer sealer, bool isPadded = false, bool isGathered = false)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(sealer);
        _body = body;
        _sealer = sealer;
        _isPadded = isPadded;
        _isGathered = isGathered;
    }

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => _body.CanGetUnflushedBytes;

    /// <inheritdoc/>
    public override long UnflushedBytes => _body.UnflushedBytes + _filled;

    private bool IsMuch => !_body.CanGetUnflushedBytes || _body.UnflushedBytes >= FlushLength;

    private bool IsSingle => _sealer.Form == OhttpForm.Single;

    /// <summary>The length to which padding rounds a message up.</summary>
    public static long PaddedLength(long length) => Math.Max(MinPaddedLength, (long)BitOperations.RoundUpToPowerOf2((ulong)length));

    /// <summary>The length of the body for a message of a known length that is gathered, padded, or written without a flush.</summary>
    public static long SealedLength(OhttpChunkSealer sealer, long length, bool isPadded = false)
    {
        ArgumentNullException.ThrowIfNull(sealer);
        var plaintext = isPadded ? PaddedLength(length) : length;
        var wholeChunks = sealer.Form == OhttpForm.Single ? 0 : Math.Max(0, (plaintext - 1) / ChunkLength);
        return sealer.Head.Length + plaintext + (wholeChunks * (sealer.FrameLength(ChunkLength, isFinal: false) + HpkeSuite.TagLength))
            + sealer.FrameLength(0, isFinal: true) + HpkeSuite.TagLength;
    }

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_isCompleted)
        {
            throw new InvalidOperationException("The message is complete.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        if (_filled == ChunkLength && !IsSingle)
        {
            // More is to come, so it is not the final chunk.
            Seal(_buffer.AsSpan(0, _filled), isFinal: false);
            _filled = 0;
        }

        var needed = checked(_filled + Math.Max(sizeHint, 1));
        if (needed > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, Math.Max(ChunkLength, IsSingle ? 2 * _filled : 0)));
            _buffer.AsSpan(0, _filled).CopyTo(larger);
            ReturnBuffer();
            _buffer = larger;
        }

        return _buffer.AsMemory(_filled);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _buffer.Length - _filled);
        _filled += bytes;
        _written += bytes;
        if (IsSingle || _filled <= ChunkLength)
        {
            return;
        }

        var rest = _buffer.AsSpan(0, _filled);
        for (; rest.Length > ChunkLength; rest = rest[ChunkLength..])
        {
            Seal(rest[..ChunkLength], isFinal: false);
        }

        rest.CopyTo(_buffer);
        _filled = rest.Length;
    }

    /// <inheritdoc/>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_isGathered && !IsMuch)
        {
            return default;
        }

        if (_filled > 0 && !_isPadded && !_isGathered && !IsSingle)
        {
            Seal(_buffer.AsSpan(0, _filled), isFinal: false);
            _filled = 0;
        }

        return _body.FlushAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        var isCanceled = false;
        if (!IsSingle)
        {
            while (source.Length > ChunkLength)
            {
                if (_filled is 0 or ChunkLength)
                {
                    _ = GetMemory();
                    Seal(source.Span[..ChunkLength], isFinal: false);
                    _written += ChunkLength;
                    source = source[ChunkLength..];
                }
                else
                {
                    var missing = ChunkLength - _filled;
                    this.Write(source.Span[..missing]);
                    source = source[missing..];
                }

                if (!IsMuch)
                {
                    continue;
                }

                var result = await _body.FlushAsync(cancellationToken).ConfigureAwait(false);
                if (result.IsCompleted)
                {
                    return result;
                }

                // A cancelled flush keeps what was written: nothing of the message may be left out.
                isCanceled |= result.IsCanceled;
            }
        }

        this.Write(source.Span);
        var last = await FlushAsync(cancellationToken).ConfigureAwait(false);
        return new(isCanceled || last.IsCanceled, last.IsCompleted);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush() => _body.CancelPendingFlush();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        if (!_isCompleted)
        {
            Finish(exception);
            _body.Complete(exception);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (!_isCompleted)
        {
            Finish(exception);
            await _body.CompleteAsync(exception).ConfigureAwait(false);
        }
    }

    private void Finish(Exception? exception)
    {
        if (exception is null)
        {
            Pad();
            Seal(_buffer.AsSpan(0, _filled), isFinal: true);
        }

        _isCompleted = true;
        ReturnBuffer();
        _buffer = [];
    }

    private void Pad()
    {
        for (var missing = _isPadded ? PaddedLength(_written) - _written : 0; missing > 0;)
        {
            var room = GetSpan();
            room = room[..(int)Math.Min(room.Length, missing)];
            room.Clear();
            missing -= room.Length;
            Advance(room.Length);
        }
    }

    private void Seal(ReadOnlySpan<byte> plaintext, bool isFinal)
    {
        if (!_isStarted)
        {
            _isStarted = true;
            _body.Write(_sealer.Head.Span);
        }

        _body.Advance(_sealer.SealChunk(plaintext, isFinal, _body.GetSpan(plaintext.Length + OhttpChunkSealer.MaxOverhead)));
    }

    private void ReturnBuffer()
    {
        if (_buffer.Length > 0)
        {
            // Plaintext does not stay behind in a shared buffer.
            ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
        }
    }
}
