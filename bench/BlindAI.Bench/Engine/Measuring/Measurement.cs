namespace BlindAI.Bench.Engine.Measuring;

/// <summary>One contender in one comparison.</summary>
/// <remarks>
/// Quantiles are over all requests of all rounds, throughput is the median over rounds. A ratio is the median over rounds of what each round gave against
/// the first contender's turn of the same round, so that a slow spell of the machine hits both.
/// </remarks>
internal sealed record Measurement
{
    public required string Comparison { get; init; }

    public required int Clients { get; init; }

    public required string Contender { get; init; }

    /// <summary>Why it could not take part; the figures are then not numbers.</summary>
    public string? Absent { get; init; }

    public int Requests { get; init; }

    public double P50Microseconds { get; init; } = double.NaN;

    public double P99Microseconds { get; init; } = double.NaN;

    public double RequestsPerSecond { get; init; } = double.NaN;

    /// <summary>Median time against the first contender's.</summary>
    public double LatencyRatio { get; init; } = double.NaN;

    /// <summary>Throughput against the first contender's.</summary>
    public double ThroughputRatio { get; init; } = double.NaN;

    /// <summary>Throughput of each round, for ratios between any two.</summary>
    public IReadOnlyList<double> RoundThroughputs { get; init; } = [];

    /// <summary>Median time of each round.</summary>
    public IReadOnlyList<double> RoundP50s { get; init; } = [];
}
