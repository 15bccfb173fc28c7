namespace BlindAI.Protocol.Models;

/// <summary>What no server takes in an upload, however it is configured.</summary>
public static class UploadLimits
{
    /// <summary>Longest time to live: what one timer can hold.</summary>
    public static readonly TimeSpan MaxTimeToLive = TimeSpan.FromDays(45);
}
