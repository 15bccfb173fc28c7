using System.Diagnostics;
using System.Globalization;

namespace BlindAI.Bench.Engine.Measuring;

/// <summary>Says on standard error what was measured, as it is measured.</summary>
internal sealed class Progress
{
    private readonly long _started = Stopwatch.GetTimestamp();

    public void Say(string text) =>
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{Stopwatch.GetElapsedTime(_started).TotalSeconds,6:F1} s] {text}"));

    public void Say(Measurement measurement) => Say(string.Create(CultureInfo.InvariantCulture,
        $"{measurement.Comparison,-16} c{measurement.Clients,-3} {measurement.Contender,-24} p50 {measurement.P50Microseconds,10:F0} us  p99 {measurement.P99Microseconds,10:F0} us  {measurement.RequestsPerSecond,9:F1}/s  latency {measurement.LatencyRatio,6:F2}x  throughput {measurement.ThroughputRatio,6:F3}x"));
}
