namespace BlindAI.Bench.Engine;

/// <summary>What something small takes while something heavy has the whole machine.</summary>
internal sealed record ResponsivenessResult(string What, string Beside, int Requests, double P50Milliseconds, double P99Milliseconds);
