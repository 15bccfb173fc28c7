using BlindAI.Inference.Models;
using BlindAI.Protocol.Configuration;

namespace BlindAI.Server.Telemetry;

/// <summary>The text that a scraper reads: the process as a whole and, only where the trust configuration says so, each model by name.</summary>
/// <remarks>Source: docs/wire-protocol.md, clause 8. Names that begin with <c>blindai_</c> never carry a name of a caller's.</remarks>
internal sealed class MetricsPage(ServerMetrics counters, ModelStatistics statistics, ModelCatalogue catalogue, TrustConfiguration trust)
{
    // The finest bucket that is shown; those below it are added to it. A finer one would tell about inputs.
    private static readonly int First = DurationHistogram.Bounds.IndexOf(TimeSpan.FromMilliseconds(1));

    private static readonly decimal[] Seconds = [.. DurationHistogram.Bounds[First..].Select(bound => (decimal)bound.Ticks / TimeSpan.TicksPerSecond)];

    // Not up to the last size: what is larger is counted with that.
    private static readonly int[] BatchSizes = [1, 2, 4, 8, 16, 32, ModelStatistics.MaxCountedBatch / 2];

    private readonly MachineLoad _load = new();

    public string Render()
    {
        var models = catalogue.ListAll();
        var text = new PrometheusText();
        counters.Write(text);
        WriteScheduling(text);
        WriteMemory(text, models);
        if (trust.TritonMetrics)
        {
            TritonMetrics.Write(text, models, _load);
        }

        return text.ToString();
    }

    private void WriteScheduling(PrometheusText text)
    {
        text.Gauge("blindai_pending_requests", "Inference requests that wait or run.", Math.Max(0, statistics.Pending));
        text.Counter("blindai_rows_total", "Rows of batch dimensions that were inferred.", statistics.Inferences);
        text.Family("blindai_failed_total", "counter", "Inference requests that got no outputs, by reason.");
        text.Sample(statistics.Rejected, ("reason", "rejected"));
        text.Sample(statistics.Cancelled, ("reason", "cancelled"));
        text.Sample(statistics.EngineFailed, ("reason", "engine"));
        text.Sample(statistics.OtherFailed, ("reason", "other"));
        WriteDurations(text, "blindai_queue_seconds", "How long the requests that ran had waited.", statistics.QueueTimes);
        WriteDurations(text, "blindai_compute_seconds", "How long the engine ran, once for each execution.", statistics.ComputeTimes);
        WriteBatches(text);
    }

    private static void WriteDurations(PrometheusText text, string name, string help, DurationHistogram histogram)
    {
        var counts = histogram.Counts;
        var milliseconds = histogram.All.Total.Ticks / TimeSpan.TicksPerMillisecond;
        text.Histogram(name, help, Seconds, [counts[..(First + 1)].Sum(), .. counts[(First + 1)..]], (decimal)milliseconds / 1000);
    }

    private void WriteBatches(PrometheusText text)
    {
        var counts = new long[BatchSizes.Length + 1];
        var sum = 0L;
        foreach (var batch in statistics.Batches)
        {
            var bucket = Array.FindIndex(BatchSizes, size => batch.BatchSize <= size);
            counts[bucket < 0 ? ^1 : bucket] += batch.Executions;
            sum += batch.BatchSize * batch.Executions;
        }

        text.Histogram("blindai_batch_size", $"Requests in an execution; more than {ModelStatistics.MaxCountedBatch} count as that many.", [.. BatchSizes.Select(size => (decimal)size)], counts, sum);
    }

    private void WriteMemory(PrometheusText text, IReadOnlyList<ModelDescription> models)
    {
        var loaded = models.Where(model => model.State == ModelState.Ready).ToList();
        text.Gauge("blindai_models", "Model versions that are held.", models.Count);
        text.Gauge("blindai_loaded_models", "Model versions that answer at once.", loaded.Count);
        text.Gauge("blindai_loaded_model_bytes", "Bytes of the bundles of the loaded model versions.", loaded.Sum(model => model.Size));
        text.Gauge("blindai_model_bytes", "Bytes of all bundles that are held or arriving.", catalogue.TotalBytes);
        text.Gauge("blindai_process_memory_bytes", "Memory of the process that is resident.", Environment.WorkingSet);
        text.Gauge("blindai_managed_memory_bytes", "Memory of that which the garbage collector holds.", GC.GetGCMemoryInfo().TotalCommittedBytes);
    }
}
