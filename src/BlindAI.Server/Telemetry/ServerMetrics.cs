using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace BlindAI.Server.Telemetry;

/// <summary>Counters of the process in the Prometheus text format. Labels are codes of ours, never anything that a caller sends.</summary>
/// <remarks>Source: Prometheus text exposition format 0.0.4. Durations are summed in whole milliseconds: finer ones would tell about inputs.</remarks>
internal sealed class ServerMetrics
{
    private readonly ConcurrentDictionary<int, StrongBox<long>> _refused = new();

    private long _inferences;

    private long _inferenceMilliseconds;

    private long _evidence;

    private long _connections;

    private long _uploads;

    private long _sealedRequests;

    private long _inFlightBytes;

    public void EvidenceMade() => Interlocked.Increment(ref _evidence);

    public void ConnectionProved() => Interlocked.Increment(ref _connections);

    public void SealedRequestOpened() => Interlocked.Increment(ref _sealedRequests);

    public void ModelUploaded() => Interlocked.Increment(ref _uploads);

    public void InferenceAnswered(TimeSpan elapsed)
    {
        Interlocked.Increment(ref _inferences);
        Interlocked.Add(ref _inferenceMilliseconds, (long)elapsed.TotalMilliseconds);
    }

    public void RequestRefused(int code) => Interlocked.Increment(ref _refused.GetOrAdd(code, static _ => new()).Value);

    /// <summary>Adds to the bytes of requests being served, and says how many there are.</summary>
    public long AddInFlight(long bytes) => Interlocked.Add(ref _inFlightBytes, bytes);

    /// <summary>The text that a scraper reads.</summary>
    public string Render()
    {
        var text = new StringBuilder();
        Write(text, "blindai_inferences_total", "counter", "Inference requests that were answered.", Interlocked.Read(ref _inferences));
        Write(text, "blindai_inference_milliseconds_total", "counter", "Time from a request's arrival to its answer, summed.", Interlocked.Read(ref _inferenceMilliseconds));
        Write(text, "blindai_evidence_total", "counter", "Evidence objects made for a nonce.", Interlocked.Read(ref _evidence));
        Write(text, "blindai_proved_connections_total", "counter", "Connections that were proved to their client before HTTP began.", Interlocked.Read(ref _connections));
        Write(text, "blindai_uploads_total", "counter", "Models uploaded.", Interlocked.Read(ref _uploads));
        Write(text, "blindai_sealed_requests_total", "counter", "Sealed requests that were opened.", Interlocked.Read(ref _sealedRequests));
        Write(text, "blindai_in_flight_bytes", "gauge", "Bytes of requests being served.", Interlocked.Read(ref _inFlightBytes));
        WriteHeading(text, "blindai_refused_total", "counter", "Requests that were refused, by code (docs/errors.md).");
        foreach (var (code, count) in _refused.OrderBy(pair => pair.Key))
        {
            text.Append(CultureInfo.InvariantCulture, $"blindai_refused_total{{code=\"{code}\"}} {Interlocked.Read(ref count.Value)}\n");
        }

        return text.ToString();
    }

    private static void Write(StringBuilder text, string name, string type, string help, long value)
    {
        WriteHeading(text, name, type, help);
        text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
    }

    private static void WriteHeading(StringBuilder text, string name, string type, string help) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
}
