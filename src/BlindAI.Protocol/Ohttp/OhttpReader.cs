using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using BlindAI.Protocol.Hpke;

namespace BlindAI.Protocol.Ohttp;

/// <summary>The plaintext of a sealed message as a pipe: chunks are opened as they are read, and none is given out before it was authenticated.</summary>
/// <remarks>
/// The end of the pipe is the end of the message: the final chunk was there. Every fault is an <see cref="OhttpException"/> of the read, and stays.
/// A chunk's bytes are gathered as they arrive, whatever length it states, and opened into the pipe: one copy, and none where the chunk lies in one piece.
/// </remarks>
public sealed class OhttpReader : PipeReader
{
    private const int MaxSealedLength = OhttpChunkOpener.MaxPlaintextLength + HpkeSuite.TagLength;

    // What is taken for a chunk before its bytes are there; beyond, the buffer grows with what arrived.
    private const int FirstCapacity = 1 << 16;

    // Nothing waits on this pipe: a chunk is put in when a read finds nothing new.
    private static readonly PipeOptions PlaintextOptions = new(pauseWriterThreshold: 0, resumeWriterThreshold: 0, useSynchronizationContext: false);

    private readonly PipeReader _body;
    private readonly OhttpChunkOpener _opener;
    private readonly Pipe _plaintext = new(PlaintextOptions);

    private byte[] _gathered = [];
    private int _gatheredLength;
    private int _chunkLength;
    private bool _isFinal;
    private bool _isDone;
    private OhttpFault? _fault;

    /// <summary>Reads the chunks of a body whose head was read; takes over the body.</summary>
    public OhttpReader(PipeReader body, OhttpChunkOpener opener)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(opener);
        _body = body;
        _opener = opener;
        _isFinal = opener.Form == OhttpForm.Single;
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => _plaintext.Reader.AdvanceTo(consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _plaintext.Reader.AdvanceTo(consumed, examined);

    /// <inheritdoc/>
    public override void CancelPendingRead() => _body.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        Finish(exception);
        _body.Complete(exception);
    }

    /// <inheritdoc/>
    public override ValueTask CompleteAsync(Exception? exception = null)
    {
        Finish(exception);
        return _body.CompleteAsync(exception);
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        ThrowFault();
        while (!_plaintext.Reader.TryRead(out result))
        {
            if (!_body.TryRead(out var read))
            {
                return false;
            }

            Take(read);
        }

        return true;
    }

    /// <inheritdoc/>
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ThrowFault();
        ReadResult result;
        while (!_plaintext.Reader.TryRead(out result))
        {
            Take(await _body.ReadAsync(cancellationToken).ConfigureAwait(false));
        }

        return result;
    }

    /// <summary>Reads exactly the bytes in front of the chunks.</summary>
    internal static async ValueTask<byte[]> ReadHeadAsync(PipeReader body, int length, CancellationToken cancellationToken)
    {
        var result = await body.ReadAtLeastAsync(length, cancellationToken).ConfigureAwait(false);
        if (result.Buffer.Length < length)
        {
            body.AdvanceTo(result.Buffer.Start);
            throw result.IsCanceled ? new OperationCanceledException() : new OhttpException(OhttpFault.Truncated);
        }

        var head = result.Buffer.Slice(0, length);
        var bytes = head.ToArray();
        body.AdvanceTo(head.End);
        return bytes;
    }

    // Takes at most one chunk, or a part of one, out of what arrived.
    private void Take(ReadResult read)
    {
        var rest = read.Buffer;
        if (read.IsCanceled)
        {
            _body.AdvanceTo(rest.Start);
            _plaintext.Reader.CancelPendingRead();
            return;
        }

        var isInChunk = _isFinal || _chunkLength > 0;
        try
        {
            isInChunk = isInChunk || TryReadFrame(ref rest);
            if (isInChunk)
            {
                TakeCiphertext(ref rest, read.IsCompleted);
            }

            if (read.IsCompleted && !_isDone && (rest.IsEmpty || !isInChunk))
            {
                throw new OhttpException(OhttpFault.Truncated);
            }
        }
        catch (OhttpException exception)
        {
            _fault = exception.Fault;
            throw;
        }
        finally
        {
            _body.AdvanceTo(rest.Start, isInChunk ? rest.Start : rest.End);
        }
    }

    // False: the frame is not there yet.
    private bool TryReadFrame(ref ReadOnlySequence<byte> rest)
    {
        if (rest.IsEmpty || QuicVarint.LengthFrom(rest.FirstSpan[0]) is var length && rest.Length < length)
        {
            return false;
        }

        Span<byte> frame = stackalloc byte[length];
        rest.Slice(0, length).CopyTo(frame);
        rest = rest.Slice(length);
        var stated = QuicVarint.Read(frame);
        if (stated is > MaxSealedLength or (> 0 and <= HpkeSuite.TagLength))
        {
            throw new OhttpException(OhttpFault.Malformed);
        }

        _chunkLength = (int)stated;
        _isFinal = stated == 0;
        return true;
    }

    private void TakeCiphertext(ref ReadOnlySequence<byte> rest, bool isCompleted)
    {
        var piece = _isFinal ? rest : rest.Slice(0, Math.Min(rest.Length, _chunkLength - _gatheredLength));
        var length = _gatheredLength + piece.Length;
        if (length > MaxSealedLength)
        {
            throw new OhttpException(OhttpFault.Malformed);
        }

        rest = rest.Slice(piece.End);
        var isWhole = _isFinal ? isCompleted : length == _chunkLength;
        if (isWhole && _gatheredLength == 0 && piece.IsSingleSegment)
        {
            Open(piece.FirstSpan);
            return;
        }

        Gather(piece);
        if (isWhole)
        {
            Open(_gathered.AsSpan(0, _gatheredLength));
        }
    }

    private void Gather(ReadOnlySequence<byte> piece)
    {
        var needed = _gatheredLength + (int)piece.Length;
        if (needed > _gathered.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, Math.Max(Math.Min(_chunkLength, FirstCapacity), 2 * _gathered.Length)));
            _gathered.AsSpan(0, _gatheredLength).CopyTo(larger);
            ReturnGathered();
            _gathered = larger;
        }

        piece.CopyTo(_gathered.AsSpan(_gatheredLength));
        _gatheredLength = needed;
    }

    private void Open(ReadOnlySpan<byte> ciphertext)
    {
        // A final chunk too short for its tag was cut, if not by chance of its author.
        if (ciphertext.Length < HpkeSuite.TagLength)
        {
            throw new OhttpException(OhttpFault.Truncated);
        }

        var writer = _plaintext.Writer;
        writer.Advance(_opener.OpenChunk(ciphertext, _isFinal, writer.GetSpan(ciphertext.Length)));
        _gatheredLength = 0;
        _chunkLength = 0;
        if (_isFinal)
        {
            _isDone = true;
            writer.Complete();
            return;
        }

        // Nothing waits on the pipe, so that this ends at once.
        var flush = writer.FlushAsync(CancellationToken.None);
        Debug.Assert(flush.IsCompletedSuccessfully, "The pipe has no threshold.");
    }

    private void ThrowFault()
    {
        if (_fault is { } fault)
        {
            throw new OhttpException(fault);
        }
    }

    private void Finish(Exception? exception)
    {
        _plaintext.Writer.Complete(exception);
        _plaintext.Reader.Complete(exception);
        ReturnGathered();
        _gathered = [];
    }

    private void ReturnGathered()
    {
        if (_gathered.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_gathered);
        }
    }
}
