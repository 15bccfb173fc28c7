namespace BlindAI.Bench.Engine;

/// <summary>Requests that came when they wanted to, not when the last one was answered.</summary>
/// <param name="Workload">What was asked for.</param>
/// <param name="Requests">How many came.</param>
/// <param name="RequestsPerSecond">How many a second.</param>
/// <param name="Load">That, against what the server answers at most.</param>
/// <param name="P50Milliseconds">Half of the answers came sooner, counted from the intended arrival.</param>
/// <param name="P99Milliseconds">99 of 100 came sooner.</param>
internal sealed record OpenLoopResult(string Workload, int Requests, double RequestsPerSecond, double Load, double P50Milliseconds, double P99Milliseconds)
{
    public double Ratio => P99Milliseconds / P50Milliseconds;
}
