using System.Globalization;
using BlindAI.Inference.Models;

namespace BlindAI.Server.Telemetry;

/// <summary>The metrics of Triton, with its names and labels, for dashboards that chart them: they name every model of every namespace.</summary>
/// <remarks>
/// Source: Triton's metrics documentation. Left out: summaries and cache (off there too), GPU, and <c>nv_inference_first_response_histogram_ms</c>,
/// which is about models that answer more than once. Equal names and versions of two namespaces are one series, since Triton has no label for them.
/// </remarks>
internal static class TritonMetrics
{
    /// <summary>Most series of a family: 13 lines a model, so about 1 MB.</summary>
    public const int MaxModels = 1000;

    private static readonly (string Name, string Type, string Help, Func<ModelStatistics, long> Read)[] Families =
    [
        ("nv_inference_request_success", "counter", "Requests that were answered with outputs.", model => model.Success.Count),
        ("nv_inference_count", "counter", "Inferences: rows of batch dimensions.", model => model.Inferences),
        ("nv_inference_exec_count", "counter", "Executions of the model.", model => model.Executions),
        ("nv_inference_pending_request_count", "gauge", "Requests that wait or run.", model => Math.Max(0, model.Pending)),
        ("nv_inference_request_duration_us", "counter", "Time of requests from queueing to answer, in microseconds, rounded to 1000.", model => Microseconds(model.Success)),
        ("nv_inference_queue_duration_us", "counter", "Time that requests waited, in microseconds, rounded to 1000.", model => Microseconds(model.Queue)),
        ("nv_inference_compute_input_duration_us", "counter", "Time for preparing inputs, in microseconds, rounded to 1000.", model => Microseconds(model.ComputeInput)),
        ("nv_inference_compute_infer_duration_us", "counter", "Time for executing the model, in microseconds, rounded to 1000.", model => Microseconds(model.ComputeInfer)),
        ("nv_inference_compute_output_duration_us", "counter", "Time for taking outputs, in microseconds, rounded to 1000.", model => Microseconds(model.ComputeOutput)),
    ];

    private static readonly (string Reason, Func<ModelStatistics, long> Read)[] Failures =
    [
        ("REJECTED", model => model.Rejected),
        ("CANCELED", model => model.Cancelled),
        ("BACKEND", model => model.EngineFailed),
        ("OTHER", model => model.OtherFailed),
    ];

    public static void Write(PrometheusText text, IReadOnlyList<ModelDescription> models, MachineLoad load)
    {
        var all = models
            .GroupBy(model => (Name: model.Name.Value, model.Version), model => model.Statistics)
            .OrderBy(model => model.Key.Name, StringComparer.Ordinal).ThenBy(model => model.Key.Version)
            .Select(model => (model.Key.Name, Version: model.Key.Version.ToString(CultureInfo.InvariantCulture), Statistics: model.ToArray()))
            .ToList();
        var shown = all.Take(MaxModels).ToList();
        text.Gauge("blindai_metrics_models_left_out", $"Models without nv_ figures, which are for {MaxModels} at most.", all.Count - shown.Count);
        foreach (var (name, type, help, read) in Families)
        {
            text.Family(name, type, help);
            foreach (var model in shown)
            {
                text.Sample(model.Statistics.Sum(read), ("model", model.Name), ("version", model.Version));
            }
        }

        text.Family("nv_inference_request_failure", "counter", "Requests that got no outputs, by reason.");
        foreach (var model in shown)
        {
            foreach (var (reason, read) in Failures)
            {
                text.Sample(model.Statistics.Sum(read), ("model", model.Name), ("reason", reason), ("version", model.Version));
            }
        }

        WriteMachine(text, load);
    }

    // Without /proc, which Gramine only emulates, there are no such figures.
    private static void WriteMachine(PrometheusText text, MachineLoad load)
    {
        if (load.ReadUtilization() is { } utilization)
        {
            text.Family("nv_cpu_utilization", "gauge", "Part of the machine's processors that was busy since the last reading: 0 to 1.");
            text.Sample(Math.Round(utilization, 2));
        }

        if (load.ReadMemory() is { } memory)
        {
            text.Gauge("nv_cpu_memory_total_bytes", "Memory of the machine.", memory.Total);
            text.Gauge("nv_cpu_memory_used_bytes", "Memory of the machine that is in use.", memory.Used);
        }
    }

    private static long Microseconds(DurationCounter counter) => (long)counter.Total.TotalMilliseconds * 1000;
}
