namespace BlindAI.Bench.Engine;

/// <summary>What a model costs the server's process, in bytes of resident memory.</summary>
/// <param name="Workload">The model.</param>
/// <param name="FileBytes">The length of its file.</param>
/// <param name="SteadyBytes">More than before, once it was loaded and has answered.</param>
/// <param name="PeakBytes">The most while it was uploaded and loaded, over what was held before.</param>
internal sealed record MemoryResult(string Workload, long FileBytes, long SteadyBytes, long PeakBytes)
{
    public double SteadyRatio => (double)SteadyBytes / FileBytes;

    public double PeakRatio => (double)PeakBytes / FileBytes;
}
