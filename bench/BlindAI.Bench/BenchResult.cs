namespace BlindAI.Bench;

/// <summary>Medians over rounds; the ratio and the difference are medians of what each round gave, so that a slow spell of the machine hits both sides.</summary>
/// <remarks>The minima are over all runs: on a machine that others use they are what comes nearest to the cost itself.</remarks>
internal sealed record BenchResult(
    string Model, int Rounds, int RunsPerRound, double RawMicroseconds, double ServerMicroseconds, double ServerP99Microseconds, double Ratio, double AddedMicroseconds,
    double RawMinimumMicroseconds, double ServerMinimumMicroseconds);
