using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace BlindAI.Server.Telemetry;

/// <summary>Counters of the process. What they are counted by is a code of ours, never anything that a caller sends.</summary>
internal sealed class ServerMetrics
{
    private readonly ConcurrentDictionary<int, StrongBox<long>> _refused = new();

    private long _inferences;

    private long _inferenceTicks;

    private long _evidence;

    private long _connections;

    private long _uploads;

    private long _sealedRequests;

    private long _inFlightBytes;

    private long _spansSent;

    private long _spansDropped;

    public void EvidenceMade() => Interlocked.Increment(ref _evidence);

    public void ConnectionProved() => Interlocked.Increment(ref _connections);

    public void SealedRequestOpened() => Interlocked.Increment(ref _sealedRequests);

    public void ModelUploaded() => Interlocked.Increment(ref _uploads);

    public void SpansSent(int count) => Interlocked.Add(ref _spansSent, count);

    public void SpansDropped(int count) => Interlocked.Add(ref _spansDropped, count);

    public void InferenceAnswered(TimeSpan elapsed)
    {
        Interlocked.Increment(ref _inferences);
        Interlocked.Add(ref _inferenceTicks, elapsed.Ticks);
    }

    public void RequestRefused(int code) => Interlocked.Increment(ref _refused.GetOrAdd(code, static _ => new()).Value);

    /// <summary>Adds to the bytes of requests being served, and says how many there are.</summary>
    public long AddInFlight(long bytes) => Interlocked.Add(ref _inFlightBytes, bytes);

    /// <summary>Writes the counters. Durations are summed in whole milliseconds: finer ones would tell about inputs.</summary>
    public void Write(PrometheusText text)
    {
        text.Counter("blindai_inferences_total", "Inference requests that were answered.", Interlocked.Read(ref _inferences));
        text.Counter("blindai_inference_milliseconds_total", "Time from a request's arrival to its answer, summed.", Interlocked.Read(ref _inferenceTicks) / TimeSpan.TicksPerMillisecond);
        text.Counter("blindai_evidence_total", "Evidence objects made for a nonce.", Interlocked.Read(ref _evidence));
        text.Counter("blindai_proved_connections_total", "Connections that were proved to their client before HTTP began.", Interlocked.Read(ref _connections));
        text.Counter("blindai_uploads_total", "Models uploaded.", Interlocked.Read(ref _uploads));
        text.Counter("blindai_sealed_requests_total", "Sealed requests that were opened.", Interlocked.Read(ref _sealedRequests));
        text.Gauge("blindai_in_flight_bytes", "Bytes of requests being served.", Interlocked.Read(ref _inFlightBytes));
        text.Counter("blindai_spans_sent_total", "Spans that the collector of traces took.", Interlocked.Read(ref _spansSent));
        text.Counter("blindai_spans_dropped_total", "Spans that were not sent: too many at once, or the collector did not take them.", Interlocked.Read(ref _spansDropped));
        text.Family("blindai_refused_total", "counter", "Requests that were refused, by code (docs/errors.md).");
        foreach (var (code, count) in _refused.OrderBy(pair => pair.Key))
        {
            text.Sample(Interlocked.Read(ref count.Value), ("code", code.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }
    }
}
