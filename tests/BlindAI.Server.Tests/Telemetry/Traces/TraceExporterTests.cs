using System.Net;
using System.Net.Sockets;
using BlindAI.Attestation;
using BlindAI.Server.Telemetry;
using BlindAI.Server.Telemetry.Traces;
using BlindAI.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace BlindAI.Server.Tests.Telemetry.Traces;

[Collection(TraceTests.Name)]
public sealed class TraceExporterTests
{
    /// <summary>Spans of a request that is refused at once: decode and the request itself.</summary>
    private const int SpansOfARequest = 2;

    private readonly ServerMetrics _metrics = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stop_QueuedSpans_AreSentFirst()
    {
        await using var collector = new LoopbackCollector();

        await ExportAsync(collector.Url, requests: 600);

        Assert.Equal(600 * SpansOfARequest, collector.Spans.Count);
        Assert.Equal((600L * SpansOfARequest, 0), Counted());
        Assert.All(collector.Requests, request => Assert.StartsWith("POST /v1/traces HTTP/1.1\r\n", request.Head, StringComparison.Ordinal));
        Assert.All(collector.Requests, request => Assert.Contains("Content-Type: application/json", request.Head, StringComparison.Ordinal));
        Assert.DoesNotContain(collector.Requests, request => request.Head.Contains("traceparent", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Export_CollectorIsDown_DropsAndCounts()
    {
        using var nobody = new TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        var url = new Uri($"http://{nobody.LocalEndpoint}");
        nobody.Stop();

        await ExportAsync(url, requests: 10);

        Assert.Equal((0, 10L * SpansOfARequest), Counted());
    }

    [Fact]
    public async Task Export_CollectorRefuses_DropsAndCounts()
    {
        await using var collector = new LoopbackCollector(503);

        await ExportAsync(collector.Url, requests: 10);

        Assert.Equal((0, 10L * SpansOfARequest), Counted());
    }

    [Fact]
    public async Task Export_CollectorNeverAnswers_KeepsNoMoreThanTheQueueHolds()
    {
        await using var collector = new LoopbackCollector(status: null);

        // Many more than are kept: each of them ends at once all the same, and a stop gives up what it cannot send.
        await ExportAsync(collector.Url, requests: 4 * TraceExporter.MaxQueued);

        Assert.Equal((0, 4L * TraceExporter.MaxQueued * SpansOfARequest), Counted());
    }

    private async Task ExportAsync(Uri collector, int requests)
    {
        using var sender = new TraceCollector(collector, TeeKind.Simulation, TimeProvider.System);
        using var exporter = new TraceExporter(sender, _metrics, TimeProvider.System, NullLogger<TraceExporter>.Instance);
        await exporter.StartAsync(Cancellation);
        for (var request = 0; request < requests; request++)
        {
            var trace = InferenceTrace.Start(null, "http/2", TimeProvider.System);
            trace!.Failed(720);
            trace.End();
        }

        await exporter.StopAsync(Cancellation);
    }

    private (long Sent, long Dropped) Counted()
    {
        var text = new PrometheusText();
        _metrics.Write(text);
        return (Read("blindai_spans_sent_total"), Read("blindai_spans_dropped_total"));

        long Read(string name) => long.Parse(text.ToString().Split('\n').Single(line => line.StartsWith(name + " ", StringComparison.Ordinal)).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
