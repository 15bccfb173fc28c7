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

    public required int Requests { get; init; }

    public required double P50Microseconds { get; init; }

    public required double P99Microseconds { get; init; }

    public required double RequestsPerSecond { get; init; }

    /// <summary>Median time against the first contender's.</summary>
    public required double LatencyRatio { get; init; }

    /// <summary>Throughput against the first contender's.</summary>
    public required double ThroughputRatio { get; init; }

    /// <summary>Throughput of each round, for ratios between any two.</summary>
    public required IReadOnlyList<double> RoundThroughputs { get; init; }

    /// <summary>Median time of each round.</summary>
    public required IReadOnlyList<double> RoundP50s { get; init; }
}
