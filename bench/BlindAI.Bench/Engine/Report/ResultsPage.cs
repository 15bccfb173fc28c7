using System.Globalization;
using System.Text;
using BlindAI.Bench.Engine.Measuring;
using BlindAI.Bench.Engine.Sections;

namespace BlindAI.Bench.Engine.Report;

/// <summary>The engine's section of RESULTS.md, between two markers; the rest of the page stays as it is.</summary>
internal sealed class ResultsPage(EngineOptions options, Machine machine, EngineResults results, Workloads workloads, IReadOnlyList<Goal> goals)
{
    private const string Begin = "<!-- engine: written by the bench, from here -->";

    private const string End = "<!-- engine: to here -->";

    private readonly StringBuilder _page = new();

    /// <summary>Replaces the section, or adds it at the end.</summary>
    public void WriteTo(string path)
    {
        var page = File.Exists(path) ? File.ReadAllText(path) : "# Results\n";
        var (begin, end) = (page.IndexOf(Begin, StringComparison.Ordinal), page.IndexOf(End, StringComparison.Ordinal));
        var section = Begin + "\n\n" + Render() + "\n" + End;
        File.WriteAllText(path, begin >= 0 && end > begin ? page[..begin] + section + page[(end + End.Length)..] : $"{page.TrimEnd()}\n\n{section}\n");
    }

    private string Render()
    {
        WriteHead();
        WriteGoals();
        WriteModels(1, "p50, and against raw", static measurement => $"{Time(measurement.P50Microseconds)} ({Ratio(measurement.LatencyRatio)})");
        WriteModels(8, "requests a second, and against raw", static measurement => $"{Rate(measurement.RequestsPerSecond)} ({Ratio(measurement.ThroughputRatio)})");
        WriteModels(32, "requests a second, and against raw", static measurement => $"{Rate(measurement.RequestsPerSecond)} ({Ratio(measurement.ThroughputRatio)})");
        WriteModels(8, "p99", static measurement => Time(measurement.P99Microseconds));
        WriteComparison("Transport: a sink without a model, 8 clients", SinkSection.Tiny, SinkSection.TinyHttp2, SinkSection.Image);
        WriteComparison("Batching, 32 clients", [.. workloads.All.Select(BatchingSection.NameOf)]);
        WriteResponsiveness();
        WriteOpenLoop();
        WriteMemory();
        WriteAllocation();
        WriteNative();
        WriteAbsent();
        return _page.ToString().TrimEnd() + "\n";
    }

    private void WriteHead()
    {
        Line("## The engine");
        Line();
        Line($"`dotnet run -c Release --project bench/BlindAI.Bench -- {EngineOptions.Argument}{(options.IsQuick ? " --quick" : "")} --rounds {Number(options.Rounds)}` writes this section, [RESULTS-engine.json](RESULTS-engine.json) with every figure, and the plot.");
        Line();
        Line(Method.Text.ReplaceLineEndings("\n"));
        Line();
        Line($"{machine.Processor}, {Number(machine.Processors)} processors; {machine.Kernel}; {machine.DotNet} (JIT unless said otherwise); ONNX Runtime {machine.OnnxRuntime}; OpenSSL {machine.OpenSsl}; Node.js {machine.Node}; "
            + $"load before the run {machine.LoadBefore}; others took {(machine.OthersShare * 100).ToString("F0", CultureInfo.InvariantCulture)} percent of the processors meanwhile; commit `{machine.Commit[..Math.Min(12, machine.Commit.Length)]}`{(machine.IsModified ? ", with changes" : "")}; {machine.Time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}.");
        Line();
        Line("![Throughput with 8 clients, against raw ONNX Runtime](engine.svg)");
        Line();
        foreach (var (name, what) in Method.Contenders)
        {
            Line($"- **{name}**: {what}.");
        }

        Line();
    }

    private void WriteGoals()
    {
        Table("Goals", "what | goal | reached | met?", goals.Select(goal => $"{goal.What} | {goal.Aim} | {goal.Result} | {goal.Verdict}"));
    }

    private void WriteModels(int clients, string what, Func<Measurement, string> show)
    {
        string[] contenders = [.. Method.Contenders.Select(contender => contender.Name)];
        Table($"{Number(clients)} {(clients == 1 ? "client" : "clients")}: {what}", $"model | {string.Join(" | ", contenders)}",
            workloads.All.Where(workload => results.Find(workload.Name, clients, ContenderNames.Raw) is not null).Select(workload =>
                $"{workload.Name} | {string.Join(" | ", contenders.Select(contender => results.Find(workload.Name, clients, contender) is { } measurement ? show(measurement) : "–"))}"));
    }

    private void WriteComparison(string title, params string[] names) => Table(title, "comparison | way | p50 | p99 | requests a second | against the first",
        results.Measurements.Where(measurement => names.Contains(measurement.Comparison)).Select(measurement =>
            $"{measurement.Comparison} | {measurement.Contender} | {Time(measurement.P50Microseconds)} | {Time(measurement.P99Microseconds)} | {Rate(measurement.RequestsPerSecond)} | {Ratio(measurement.ThroughputRatio)}"));

    private void WriteResponsiveness() => Table("A small request while 32 clients saturate a heavy model", "what | beside | p50 | p99",
        results.Responsiveness.Select(result => $"{result.What} | {result.Beside} | {Time(result.P50Milliseconds * 1000)} | {Time(result.P99Milliseconds * 1000)}"));

    private void WriteOpenLoop() => Table("Arrivals of their own (Poisson), at 80 percent of what 8 clients get; times count from the intended arrival", "model | requests | a second | p50 | p99 | p99 / p50",
        results.OpenLoop.Select(result => $"{result.Workload} | {Number(result.Requests)} | {Rate(result.RequestsPerSecond)} | {Time(result.P50Milliseconds * 1000)} | {Time(result.P99Milliseconds * 1000)} | {Ratio(result.Ratio)}"));

    private void WriteMemory() => Table("Memory of a loaded model, a fresh server for each", "model | file | steady | of the file | peak while uploaded and loaded | of the file",
        results.Memory.Select(result => $"{result.Workload} | {Megabytes(result.FileBytes)} | {Megabytes(result.SteadyBytes)} | {Ratio(result.SteadyRatio)} | {Megabytes(result.PeakBytes)} | {Ratio(result.PeakRatio)}"));

    private void WriteAllocation() => Table("Memory of one request in the server, binary path", "input | managed bytes allocated | copies of the tensors",
        results.Allocation.Select(result => $"{Number(result.InputBytes / 1024)} KiB | {result.BytesPerRequest.ToString("F0", CultureInfo.InvariantCulture)} | {Ratio(result.CopiesPerRequest)}"));

    private void WriteNative()
    {
        if (results.Native is { } native)
        {
            Table("NativeAOT against JIT", "what | JIT | NativeAOT | ratio",
            [
                $"start to first served answer | {Time(native.JitStartMilliseconds * 1000)} | {Time(native.NativeStartMilliseconds * 1000)} | {Ratio(native.StartRatio)}",
                $"resident memory after it | {Megabytes(native.JitIdleBytes)} | {Megabytes(native.NativeIdleBytes)} | {Ratio(native.IdleRatio)}",
                $"throughput, 8 clients, tiny model | | | {Ratio(native.TinyThroughputRatio)}",
                $"throughput, 8 clients, MobileNetV2 | | | {Ratio(native.ImageThroughputRatio)}",
            ]);
        }
    }

    private void WriteAbsent()
    {
        List<string> absent = [.. results.Failures.Select(failure => $"**failed**: {failure}"), .. results.Absent];
        if (absent.Count > 0)
        {
            Line("Not measured:");
            Line();
            absent.ForEach(entry => Line($"- {entry.ReplaceLineEndings(" ")}"));
        }
    }

    private void Table(string title, string head, IEnumerable<string> rows)
    {
        if (rows.ToList() is not { Count: > 0 } lines)
        {
            return;
        }

        Line($"### {title}");
        Line();
        Line($"| {head} |");
        Line($"|{string.Concat(Enumerable.Repeat(" --- |", head.Count(character => character == '|') + 1))}");
        lines.ForEach(row => Line($"| {row} |"));
        Line();
    }

    private void Line(string text = "") => _page.Append(text).Append('\n');

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Ratio(double value) => value.ToString(value < 0.1 ? "0.000" : "0.00", CultureInfo.InvariantCulture);

    private static string Rate(double value) => value.ToString(value < 100 ? "0.0" : "#,0", CultureInfo.InvariantCulture);

    private static string Megabytes(long bytes) => (bytes / 1e6).ToString("0.0", CultureInfo.InvariantCulture) + " MB";

    private static string Time(double microseconds) => microseconds switch
    {
        < 10 => microseconds.ToString("0.0", CultureInfo.InvariantCulture) + " µs",
        < 1000 => microseconds.ToString("0", CultureInfo.InvariantCulture) + " µs",
        < 100_000 => (microseconds / 1000).ToString("0.00", CultureInfo.InvariantCulture) + " ms",
        _ => (microseconds / 1000).ToString("0", CultureInfo.InvariantCulture) + " ms",
    };
}
