namespace BlindAI.Server.Endpoints;

/// <summary>How an answer is written in every binding: in slices, each of which its reader must make room for in time.</summary>
internal static class AnswerSlices
{
    /// <summary>What Kestrel buffers of an answer before it waits for the reader.</summary>
    public const int Length = 64 * 1024;

    /// <summary>Longest time that a caller may take until there is room for the next slice. The network's own buffers, some megabytes, drain first.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);
}
