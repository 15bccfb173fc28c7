using BlindAI.Protocol;
using BlindAI.Server.Telemetry;

namespace BlindAI.Server.Endpoints;

/// <summary>A share of the memory for requests; beyond the limit the answer is "overloaded", at once.</summary>
internal sealed class MemoryReservation : IDisposable
{
    private readonly ServerMetrics _metrics;

    private readonly long _bytes;

    private MemoryReservation(ServerMetrics metrics, long bytes)
    {
        _metrics = metrics;
        _bytes = bytes;
    }

    /// <exception cref="ServingException"><see cref="ServingCode.Overloaded"/>.</exception>
    public static MemoryReservation Take(ServerMetrics metrics, long bytes, long limit)
    {
        if (metrics.AddInFlight(bytes) <= limit)
        {
            return new(metrics, bytes);
        }

        metrics.AddInFlight(-bytes);
        throw new ServingException(ServingCode.Overloaded, "The server holds as many request bytes as it may.", "try again later.") { RetryAfter = TimeSpan.FromSeconds(1) };
    }

    public void Dispose() => _metrics.AddInFlight(-_bytes);
}
