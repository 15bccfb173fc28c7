using BlindAI.Protocol;
using BlindAI.Server.Telemetry;

namespace BlindAI.Server.Endpoints;

/// <summary>A request's share of the memory for requests. It grows with the bytes that arrive, so that what is only announced holds nothing.</summary>
/// <param name="metrics">Holds the sum of all shares.</param>
/// <param name="limit">Most bytes of all shares; beyond it the answer is "overloaded", at once.</param>
internal sealed class MemoryReservation(ServerMetrics metrics, long limit) : IDisposable
{
    private long _bytes;

    /// <exception cref="ServingException"><see cref="ServingCode.Overloaded"/>.</exception>
    public void Grow(long bytes)
    {
        if (metrics.AddInFlight(bytes) > limit)
        {
            metrics.AddInFlight(-bytes);
            throw new ServingException(ServingCode.Overloaded, "The server holds as many request bytes as it may.", "try again later.") { RetryAfter = TimeSpan.FromSeconds(1) };
        }

        _bytes += bytes;
    }

    /// <summary>Gives a part back.</summary>
    public void Shrink(long bytes)
    {
        _bytes -= bytes;
        metrics.AddInFlight(-bytes);
    }

    /// <summary>Gives everything back.</summary>
    public void Dispose() => Shrink(_bytes);
}
