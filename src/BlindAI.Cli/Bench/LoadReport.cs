using System.Globalization;
using BlindAI.Client.Models;

namespace BlindAI.Cli.Bench;

/// <summary>Shows what a load test measured.</summary>
internal static class LoadReport
{
    /// <summary>One line while it runs.</summary>
    public static string Line(LoadResult result) =>
        Invariant($"{result.Answered} done, {result.Throughput:0}/s, p50 {Milliseconds(result.P50)} ms{(result.Failed > 0 ? Invariant($", {result.Failed} failed") : "")}");

    public static void WriteText(TextWriter output, InferenceResult model, LoadPlan plan, LoadResult result, long sentBytes)
    {
        output.WriteLine(Printable.Clean($"{model.Model} version {model.Version} ({model.Digest?.Value ?? "no digest reported"})"));
        var arrival = plan.Rate is { } rate ? Invariant($"{rate} arrivals a second, at most {plan.Concurrency} at once") : Invariant($"{plan.Concurrency} at once");
        output.WriteLine(Invariant($"{result.Answered} answered in {result.Elapsed.TotalSeconds:0.00} s, {arrival}{(result.IsInterrupted ? " (interrupted)" : "")}"));
        output.WriteLine(Invariant($"throughput  {result.Throughput:0.0} requests/s"));
        if (result.Answered > 0)
        {
            foreach (var (name, value) in Latencies(result))
            {
                output.WriteLine($"{name,-10}  {Milliseconds(value)} ms");
            }
        }

        output.WriteLine($"tensors     {Printable.Bytes(sentBytes)} in a request; {Printable.Bytes(result.ReceivedBytes)} received");
        foreach (var (code, count) in result.Errors)
        {
            output.WriteLine(Invariant($"error {code} {CliError.NameOf(code)}: {count}"));
        }
    }

    public static void WriteJson(TextWriter output, InferenceResult model, LoadPlan plan, LoadResult result, long sentBytes) => JsonOutput.Write(output, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("model", model.Model);
        writer.WriteString("version", model.Version);
        writer.WriteString("digest", model.Digest?.Value);
        writer.WriteNumber("concurrency", plan.Concurrency);
        if (plan.Rate is { } rate)
        {
            writer.WriteNumber("rate", rate);
        }

        writer.WriteBoolean("interrupted", result.IsInterrupted);
        writer.WriteNumber("seconds", Math.Round(result.Elapsed.TotalSeconds, 3));
        writer.WriteNumber("answered", result.Answered);
        writer.WriteNumber("failed", result.Failed);
        writer.WriteStartArray("errors");
        foreach (var (code, count) in result.Errors)
        {
            writer.WriteStartObject();
            writer.WriteNumber("code", code);
            writer.WriteString("name", CliError.NameOf(code));
            writer.WriteNumber("count", count);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNumber("throughput", Math.Round(result.Throughput, 1));
        if (result.Answered > 0)
        {
            writer.WriteStartObject("milliseconds");
            foreach (var (name, value) in Latencies(result))
            {
                writer.WriteNumber(name, Math.Round(value.TotalMilliseconds, 3));
            }

            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("milliseconds");
        }

        writer.WriteNumber("requestBytes", sentBytes);
        writer.WriteNumber("receivedBytes", result.ReceivedBytes);
        writer.WriteEndObject();
    });

    private static (string Name, TimeSpan Value)[] Latencies(LoadResult result) =>
        [("mean", result.Mean), ("p50", result.P50), ("p90", result.P90), ("p99", result.P99), ("p99.9", result.P999), ("max", result.Max)];

    private static string Milliseconds(TimeSpan value) => value.TotalMilliseconds.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
