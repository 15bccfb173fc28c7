namespace BlindAI.Client.Models;

/// <summary>How a model is to be kept.</summary>
public sealed record UploadOptions
{
    /// <summary>The version to create, 1 or more; null takes the next.</summary>
    public int? Version { get; init; }

    /// <summary>Whether the model is sealed to disk; null leaves it to what the server can do, and the answer says which.</summary>
    public bool? Persist { get; init; }

    /// <summary>Whether the model is loaded at once. Default true; otherwise its first request loads it.</summary>
    public bool Load { get; init; } = true;

    /// <summary>How long the model may live; null means until it is deleted.</summary>
    public TimeSpan? TimeToLive { get; init; }

    /// <summary>In which form the model runs. Default: as it was uploaded.</summary>
    public UploadPrecision Precision { get; init; }

    /// <summary>How the model is scheduled; null leaves all of it to the server.</summary>
    public SchedulingOptions? Scheduling { get; init; }

    /// <summary>Told of progress, if anybody listens.</summary>
    public IProgress<UploadProgress>? Progress { get; init; }
}
