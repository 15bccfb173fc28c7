using System.Buffers;
using System.IO.Pipelines;
using BlindAI.Protocol.Hpke;
using BlindAI.Protocol.Ohttp;
using BlindAI.Server.Endpoints;

namespace BlindAI.Server.Sealed;

/// <summary>The body of a sealed request as it arrives: its bytes are counted against a limit, and what opening them takes against the memory for requests.</summary>
/// <remarks>
/// A chunk is kept until it is whole, and its plaintext beside it until it is read: a peer that sends beginnings of chunks on many streams would hold twice a chunk with each.
/// The pipe is the outer request's, and is left to it.
/// </remarks>
/// <param name="body">The outer request's body.</param>
/// <param name="memory">This request's share of the memory for requests.</param>
/// <param name="limit">Most bytes.</param>
internal sealed class SealedBody(PipeReader body, MemoryReservation memory, long limit) : PipeReader
{
    // A chunk and its plaintext.
    private const long MostHeld = 2 * (OhttpChunkOpener.MaxPlaintextLength + HpkeSuite.TagLength);

    private ReadOnlySequence<byte> _read;

    private long _consumed;

    private long _reserved;

    /// <summary>Most bytes that may come, padding and frames included.</summary>
    public long Limit { get; set; } = limit;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => Count(await body.ReadAsync(cancellationToken));

    public override bool TryRead(out ReadResult result)
    {
        if (!body.TryRead(out result))
        {
            return false;
        }

        Count(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _consumed += _read.Slice(0, consumed).Length;
        _read = default;
        body.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => body.CancelPendingRead();

    // The server drains what is left of the body itself, so that the connection can go on.
    public override void Complete(Exception? exception = null)
    {
    }

    private ReadResult Count(ReadResult result)
    {
        _read = result.Buffer;
        var arrived = _consumed + _read.Length;
        try
        {
            if (arrived > Limit)
            {
                throw new BadHttpRequestException("The sealed request is over its limit.", StatusCodes.Status413PayloadTooLarge);
            }

            var held = Math.Min(2 * arrived, MostHeld);
            if (held > _reserved)
            {
                memory.Grow(held - _reserved);
                _reserved = held;
            }
        }
        catch
        {
            // The read ends here, so that the server can still drain the body.
            AdvanceTo(_read.End);
            throw;
        }

        return result;
    }
}
