using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Protocol.Inference;

/// <summary>A request body that is counted as it arrives: the first byte over the limit refuses it, whatever length was stated.</summary>
/// <param name="pipe">The body.</param>
/// <param name="limit">Most bytes.</param>
/// <param name="time">The clock; null waits for ever.</param>
/// <param name="receiving">Told of the memory that arriving bytes take, before they are kept; it refuses by throwing.</param>
internal sealed class BoundedBody(PipeReader pipe, long limit, TimeProvider? time, Action<long>? receiving) : IDisposable
{
    private const int FirstCapacity = 4096;

    /// <summary>Bytes that must arrive in each span of <see cref="Patience"/>, unless the body ends: who sends nearly all at once and then next to nothing holds memory for hours otherwise.</summary>
    private const int LeastBytes = 64 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private ITimer? _watch;

    private long _received;

    private long _receivedAtLastTick;

    private volatile bool _isStalled;

    /// <summary>Fills a buffer exactly.</summary>
    /// <param name="buffer">The buffer, which nothing was written to before.</param>
    /// <param name="weight">Bytes of memory that a byte of the body takes in the end.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>: the body ends early; <see cref="ServingCode.RequestTooLarge"/>.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask ReadExactlyAsync(NativeBuffer buffer, int weight, CancellationToken cancellationToken)
    {
        var destination = buffer.Memory;
        buffer.Written = 0;
        while (!destination.IsEmpty)
        {
            var result = await ReadAsync(cancellationToken).ConfigureAwait(false);
            var taken = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, destination.Length));
            Count(taken, weight);
            buffer.Written += (int)taken.Length;
            taken.CopyTo(destination.Span);
            destination = destination[(int)taken.Length..];
            pipe.AdvanceTo(taken.End);
            if (result.IsCompleted && taken.IsEmpty && !destination.IsEmpty)
            {
                throw new ServingException(ServingCode.RequestMalformed, $"The body ends {destination.Length} bytes early.");
            }
        }
    }

    /// <summary>Reads all that is left into a buffer that grows as bytes arrive; slice it to the returned length and dispose it.</summary>
    /// <param name="weight">Bytes of memory that a byte of the body takes in the end.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestTooLarge"/>.</exception>
    public async ValueTask<(NativeBuffer Buffer, int Length)> ReadToEndAsync(int weight, CancellationToken cancellationToken)
    {
        var buffer = new NativeBuffer(FirstCapacity);
        var length = 0;
        try
        {
            while (true)
            {
                var result = await ReadAsync(cancellationToken).ConfigureAwait(false);
                Count(result.Buffer, weight);
                var needed = length + (int)result.Buffer.Length;
                if (needed > buffer.Memory.Length)
                {
                    var larger = new NativeBuffer((int)Math.Min(Math.Max(needed, 2L * buffer.Memory.Length), Array.MaxLength));
                    buffer.Memory.Span[..length].CopyTo(larger.Memory.Span);
                    ((IDisposable)buffer).Dispose();
                    buffer = larger;
                }

                result.Buffer.CopyTo(buffer.Memory.Span[length..]);
                length = needed;
                pipe.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    return (buffer, length);
                }
            }
        }
        catch
        {
            ((IDisposable)buffer).Dispose();
            throw;
        }
    }

    /// <summary>Makes sure that nothing follows.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask ExpectEndAsync(CancellationToken cancellationToken)
    {
        var result = await ReadAsync(cancellationToken).ConfigureAwait(false);
        var isEmpty = result.Buffer.IsEmpty;
        pipe.AdvanceTo(result.Buffer.End);
        if (!isEmpty || !result.IsCompleted)
        {
            throw new ServingException(ServingCode.RequestMalformed, "The body is longer than its tensors.", "the sum of every \"binary_data_size\" is what follows the JSON.");
        }
    }

    /// <summary>Ends the watch.</summary>
    public void Dispose() => _watch?.Dispose();

    // The watch begins with the first wait: what is there already needs none.
    private ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken)
    {
        var reading = pipe.ReadAsync(cancellationToken);
        if (reading.IsCompleted || time is null)
        {
            return reading;
        }

        _watch ??= time.CreateTimer(static body => ((BoundedBody)body!).OnTick(), this, Patience, Patience);
        return WaitAsync(reading);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> reading)
    {
        var result = await reading.ConfigureAwait(false);
        if (!result.IsCanceled || !_isStalled)
        {
            return result;
        }

        pipe.AdvanceTo(result.Buffer.End);
        throw new ServingException(ServingCode.DeadlineExceeded, "The request arrives too slowly.", $"send at least {LeastBytes} bytes in {Patience.TotalSeconds:0} seconds.");
    }

    private void OnTick()
    {
        var received = Volatile.Read(ref _received);
        if (received - _receivedAtLastTick < LeastBytes)
        {
            _isStalled = true;
            pipe.CancelPendingRead();
        }

        _receivedAtLastTick = received;
    }

    private void Count(ReadOnlySequence<byte> bytes, int weight)
    {
        try
        {
            Volatile.Write(ref _received, _received + bytes.Length);
            if (_received > limit)
            {
                throw new ServingException(ServingCode.RequestTooLarge, $"The request is over the limit of {limit} bytes.", "send fewer tensors at once, or ask the operator for a higher limit.");
            }

            receiving?.Invoke(bytes.Length * weight);
        }
        catch
        {
            // The read ends here, so that whoever owns the pipe can still drain it.
            pipe.AdvanceTo(bytes.End);
            throw;
        }
    }
}
