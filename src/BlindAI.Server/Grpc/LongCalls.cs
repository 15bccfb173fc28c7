using BlindAI.Protocol;

namespace BlindAI.Server.Grpc;

/// <summary>Counts the calls that last as long as their caller likes: streams and watches. Each holds a few kilobytes, and nothing else ends it.</summary>
internal sealed class LongCalls
{
    /// <summary>Most such calls.</summary>
    public const int Most = 1024;

    private int _open;

    /// <summary>Takes a place, to be disposed of.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.Overloaded"/>.</exception>
    public IDisposable Enter()
    {
        if (Interlocked.Increment(ref _open) > Most)
        {
            _ = Interlocked.Decrement(ref _open);
            throw new ServingException(ServingCode.Overloaded, $"{Most} streams and watches are open, the most there may be.", "use single calls, or try again later.") { RetryAfter = TimeSpan.FromSeconds(1) };
        }

        return new Place(this);
    }

    private sealed class Place(LongCalls calls) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                _ = Interlocked.Decrement(ref calls._open);
            }
        }
    }
}
