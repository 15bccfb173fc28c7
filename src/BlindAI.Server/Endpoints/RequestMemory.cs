using System.Collections.Concurrent;
using BlindAI.Protocol;
using BlindAI.Protocol.Configuration;
using BlindAI.Protocol.Inference;
using BlindAI.Server.Telemetry;

namespace BlindAI.Server.Endpoints;

/// <summary>The memory for requests that are being served, and what each caller holds of it: nobody holds more than half, so that somebody else is always served.</summary>
internal sealed class RequestMemory(ServerMetrics metrics, TrustConfiguration trust)
{
    /// <summary>Callers that are remembered without holding anything.</summary>
    private const int MaxIdleCallers = 10_000;

    private static readonly object Nobody = new();

    private readonly ConcurrentDictionary<object, Share> _shares = new();

    // Half, but never less than the largest request takes with the largest answer.
    private readonly long _mostOfOne = Math.Max(trust.MaxInFlightBytes / 2, ((long)trust.Protocol.MaxRequestBytes * ProtocolLimits.JsonExpansion) + trust.MaxResponseBytes);

    /// <summary>Opens a share for a request, which takes nothing yet.</summary>
    public MemoryReservation Reserve(HttpContext context) => new(this, _shares.GetOrAdd(Callers.Of(context.Connection.RemoteIpAddress) ?? Nobody, static _ => new()));

    /// <exception cref="ServingException"><see cref="ServingCode.Overloaded"/>; nothing is taken then.</exception>
    public void Take(Share share, long bytes)
    {
        if (Interlocked.Add(ref share.Bytes, bytes) > _mostOfOne)
        {
            Interlocked.Add(ref share.Bytes, -bytes);
            throw Overloaded("You hold as much of the server's memory for requests as one caller may.");
        }

        if (metrics.AddInFlight(bytes) > trust.MaxInFlightBytes)
        {
            Return(share, bytes);
            throw Overloaded("The server holds as many request bytes as it may.");
        }
    }

    public void Return(Share share, long bytes)
    {
        metrics.AddInFlight(-bytes);
        Interlocked.Add(ref share.Bytes, -bytes);
    }

    /// <summary>Forgets callers who hold nothing, when there are many. One that comes back in this moment may be counted twice, which gives it a little more and nobody less.</summary>
    public void Forget()
    {
        if (_shares.Count > MaxIdleCallers)
        {
            foreach (var (caller, share) in _shares)
            {
                if (Interlocked.Read(ref share.Bytes) == 0)
                {
                    _shares.TryRemove(new(caller, share));
                }
            }
        }
    }

    private static ServingException Overloaded(string message) => new(ServingCode.Overloaded, message, "try again later.") { RetryAfter = TimeSpan.FromSeconds(1) };

    /// <summary>What one caller holds.</summary>
    internal sealed class Share
    {
        public long Bytes;
    }
}
