using System.Buffers;
using System.IO.Pipelines;
using BlindAI.Protocol;
using BlindAI.Server.Endpoints;
using Microsoft.AspNetCore.Http.Features;

namespace BlindAI.Server.Grpc;

/// <summary>The body of a gRPC call, whose received bytes count as memory until they are consumed, and whose messages have to arrive.</summary>
/// <remarks>
/// The library waits for a whole message, so a message that is only announced holds nothing and one that stops half-way holds what has come. For streams the library
/// also turns Kestrel's minimum data rate off; here each message has a rate of its own.
/// </remarks>
internal sealed class CountedBody(PipeReader inner, MemoryReservation memory, GrpcFailures failures, TimeProvider time) : PipeReader, IRequestBodyPipeFeature
{
    /// <summary>Bytes that must arrive in each span of <see cref="Patience"/>, or the rest of the message.</summary>
    private const int LeastBytes = 64 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Bytes a second that a short message has to arrive at, on average: Kestrel's minimum, with its grace.</summary>
    private const double MinimumRate = 240;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private ReadOnlySequence<byte> _read;
    private long _held;
    private long _begun;
    private long _mark;

    PipeReader IRequestBodyPipeFeature.Reader => this;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            var reading = inner.ReadAsync(cancellationToken);
            return Count(reading.IsCompleted || _held == 0 ? await reading : await ReadRestAsync(reading));
        }
        catch (Exception exception) when (exception is ServingException or BadHttpRequestException)
        {
            throw failures.Convert(exception);
        }
    }

    // The library reads asynchronously only.
    public override bool TryRead(out ReadResult result)
    {
        var isRead = inner.TryRead(out result);
        if (isRead)
        {
            result = Count(result);
        }

        return isRead;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var taken = _read.Slice(0, consumed).Length;
        _held -= taken;
        memory.Shrink(taken);
        if (taken > 0)
        {
            (_begun, _mark) = (time.GetTimestamp(), _held);
        }

        _read = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    // A message has begun and its rest is not there.
    private async ValueTask<ReadResult> ReadRestAsync(ValueTask<ReadResult> reading)
    {
        var left = TimeSpan.FromSeconds(Math.Min(Grace.TotalSeconds + ((_held - _mark) / MinimumRate), Patience.TotalSeconds)) - time.GetElapsedTime(_begun);
        await using var timer = time.CreateTimer(static body => ((PipeReader)body!).CancelPendingRead(), inner, left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        var result = await reading;
        if (result.IsCanceled)
        {
            inner.AdvanceTo(result.Buffer.End);
            throw new ServingException(ServingCode.DeadlineExceeded, "The message arrives too slowly.", $"send at least {LeastBytes} bytes in {Patience.TotalSeconds:0} seconds.");
        }

        return result;
    }

    private ReadResult Count(ReadResult result)
    {
        if (_held == 0 || result.Buffer.Length - _mark >= LeastBytes)
        {
            (_begun, _mark) = (time.GetTimestamp(), result.Buffer.Length);
        }

        try
        {
            memory.Grow(result.Buffer.Length - _held);
        }
        catch
        {
            // The read ends here, so that whoever owns the pipe can still drain it.
            inner.AdvanceTo(result.Buffer.End);
            throw;
        }

        _held = result.Buffer.Length;
        _read = result.Buffer;
        return result;
    }
}
