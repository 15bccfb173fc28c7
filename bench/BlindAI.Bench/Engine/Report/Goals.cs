using BlindAI.Bench.Engine.Measuring;
using BlindAI.Bench.Engine.Sections;

namespace BlindAI.Bench.Engine.Report;

/// <summary>Every goal of the engine, judged by one run's figures.</summary>
internal sealed class Goals(EngineResults results, Workloads workloads)
{
    /// <summary>Two runs of the same thing differ by this much here; "never slower" cannot be told more finely.</summary>
    private const double Noise = 0.98;

    private const int Many = 8;

    public IReadOnlyList<Goal> All =>
    [
        .. LatencyOfOne(),
        .. ThroughputOfMany(),
        .. Transport(),
        .. Batching(),
        .. Peers(),
        .. Responsiveness(),
        .. Tail(),
        .. Memory(),
        .. Native(),
        Allocation(),
    ];

    private IEnumerable<Goal> LatencyOfOne() =>
        new (Workload Workload, double Bound)[] { (workloads.DistilBert, 1.01), (workloads.Bert, 1.02), (workloads.ResNet, 1.03), (workloads.MobileNet, 1.15) }
            .Select(goal => Goal.AtMost($"served / raw p50, 1 client: {goal.Workload.Name}", goal.Bound, results.LatencyRatio(goal.Workload.Name, 1, ContenderNames.Binary, ContenderNames.Raw)));

    private IEnumerable<Goal> ThroughputOfMany() =>
        new (Workload Workload, double Bound)[] { (workloads.DistilBert, 0.97), (workloads.Bert, 0.97), (workloads.ResNet, 0.97), (workloads.MobileNet, 0.85) }
            .Select(goal => Goal.AtLeast($"served / raw throughput, 8 clients: {goal.Workload.Name}", goal.Bound, results.ThroughputRatio(goal.Workload.Name, Many, ContenderNames.Binary, ContenderNames.Raw)));

    private IEnumerable<Goal> Transport() =>
    [
        Goal.AtMost("tiny model / no-model sink, p50, 8 clients: HTTP/1.1", 1.15, results.LatencyRatio(SinkSection.Tiny, Many, ContenderNames.PreparedBinary, ContenderNames.Sink)),
        Goal.AtMost("tiny model by gRPC / HTTP/2 sink, p50, 8 clients", 1.15, results.LatencyRatio(SinkSection.TinyHttp2, Many, ContenderNames.Grpc, ContenderNames.Http2Sink)),
        Goal.AtLeast("600 KB sink / bare SslStream, throughput, 8 clients: REST binary", 0.85, results.ThroughputRatio(SinkSection.Image, Many, ContenderNames.Sink, ContenderNames.Floor)),
        Goal.AtLeast("600 KB, one number read / bare SslStream, throughput, 8 clients: gRPC", 0.60, results.ThroughputRatio(SinkSection.Image, Many, ContenderNames.GrpcIntake, ContenderNames.Floor)),
    ];

    private IEnumerable<Goal> Batching() =>
        new (Workload Workload, double Bound)[] { (workloads.Wide, 4), (workloads.BertShort, 1.5), (workloads.MobileNet, Noise), (workloads.ResNet, Noise) }
            .Select(goal => Goal.AtLeast($"batching on / off, throughput, 32 clients: {goal.Workload.Name}", goal.Bound,
                results.ThroughputRatio(BatchingSection.NameOf(goal.Workload), BatchingSection.Clients, ContenderNames.Batching, ContenderNames.NoBatching)));

    private IEnumerable<Goal> Peers() =>
        new (string Peer, double Bound)[] { (ContenderNames.AspNetGrpc, 1.6), (ContenderNames.Node, 2) }.SelectMany(peer => new[]
        {
            Slowest(peer.Peer),
            Goal.AtLeast($"REST binary / {peer.Peer}, throughput, tiny model, 8 clients, both sent prepared bytes", peer.Bound,
                results.ThroughputRatio(workloads.Tiny.Name, Many, ContenderNames.PreparedBinary, peer.Peer)),
        });

    private Goal Slowest(string peer)
    {
        var ratios = results.Measurements.Where(measurement => measurement.Contender == peer)
            .Select(measurement => (Ratio: results.ThroughputRatio(measurement.Comparison, measurement.Clients, Ours(measurement), peer), Where: $"{measurement.Comparison}, clients: {measurement.Clients}"))
            .Where(pair => pair.Ratio is not null)
            .ToList();
        var least = ratios.Count == 0 ? default : ratios.MinBy(pair => pair.Ratio);
        return Goal.AtLeast($"REST binary / {peer}, throughput, least of every model and number of clients (never slower, within the noise)", Noise, least.Ratio, least.Where ?? "");
    }

    private string Ours(Measurement measurement) => measurement.Comparison == workloads.Tiny.Name ? ContenderNames.PreparedBinary : ContenderNames.Binary;

    private IEnumerable<Goal> Responsiveness() => new[] { ResponsivenessSection.Live, workloads.Tiny.Name }.Select(what =>
    {
        var worst = results.Responsiveness.Where(result => result.What == what && result.Beside != ResponsivenessSection.Nothing).MaxBy(result => result.P50Milliseconds);
        return Goal.AtMost($"{what}, p50, while 32 clients saturate a heavy model", 1, worst?.P50Milliseconds, worst is null ? "" : $"beside {worst.Beside}", "ms");
    });

    private IEnumerable<Goal> Tail()
    {
        var worst = results.OpenLoop.MaxBy(result => result.Ratio);
        return [Goal.AtMost("p99 / p50 at 80 percent load, arrivals of their own", 3, worst?.Ratio, worst?.Workload ?? "")];
    }

    private IEnumerable<Goal> Memory()
    {
        var (steady, peak) = (results.Memory.MaxBy(result => result.SteadyRatio), results.Memory.MaxBy(result => result.PeakRatio));
        return
        [
            Goal.AtMost("memory of a loaded model / its file (40 MB or more): steady", 1.2, steady?.SteadyRatio, steady?.Workload ?? ""),
            Goal.AtMost("memory of a loaded model / its file (40 MB or more): peak while loading", 2.4, peak?.PeakRatio, peak?.Workload ?? ""),
        ];
    }

    private IEnumerable<Goal> Native() =>
    [
        Goal.AtMost("NativeAOT / JIT: start to first served answer", 0.45, results.Native?.StartRatio),
        Goal.AtMost("NativeAOT / JIT: idle memory", 0.6, results.Native?.IdleRatio),
        Goal.AtLeast("NativeAOT / JIT: throughput, 8 clients", 0.92, results.Native is { } native ? Math.Min(native.TinyThroughputRatio, native.ImageThroughputRatio) : null,
            results.Native is null ? "" : "the lesser of tiny and MobileNetV2"),
    ];

    private Goal Allocation()
    {
        var most = results.Allocation.MaxBy(result => result.BytesPerRequest);
        return Goal.AtMost("managed allocation per request, binary path, whatever the input", 4096, most?.BytesPerRequest, most is null ? "" : $"input of {most.InputBytes / 1024} KiB", "bytes");
    }
}
