using BlindAI.Bench.Engine.Measuring;

namespace BlindAI.Bench.Engine;

/// <summary>Everything that one run has measured.</summary>
internal sealed class EngineResults
{
    public List<Measurement> Measurements { get; } = [];

    public List<OpenLoopResult> OpenLoop { get; } = [];

    public List<ResponsivenessResult> Responsiveness { get; } = [];

    public List<MemoryResult> Memory { get; } = [];

    public List<AllocationResult> Allocation { get; } = [];

    public NativeResult? Native { get; set; }

    /// <summary>What was not measured, and why.</summary>
    public List<string> Absent { get; } = [];

    /// <summary>Parts of the suite that broke off: bugs, or wrong answers.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>A contender's figures; null when it was not measured there.</summary>
    public Measurement? Find(string comparison, int clients, string contender) => Measurements.Find(measurement =>
        measurement.Comparison == comparison && measurement.Clients == clients && measurement.Contender == contender);

    /// <summary>The median over rounds of one contender's throughput against another's in the same round.</summary>
    public double? ThroughputRatio(string comparison, int clients, string contender, string other) =>
        Ratio(Find(comparison, clients, contender)?.RoundThroughputs, Find(comparison, clients, other)?.RoundThroughputs);

    /// <summary>The median over rounds of one contender's median time against another's in the same round.</summary>
    public double? LatencyRatio(string comparison, int clients, string contender, string other) =>
        Ratio(Find(comparison, clients, contender)?.RoundP50s, Find(comparison, clients, other)?.RoundP50s);

    private static double? Ratio(IReadOnlyList<double>? one, IReadOnlyList<double>? other) =>
        one is null || other is null ? null : Quantiles.Median(one.Zip(other, (a, b) => a / b));
}
