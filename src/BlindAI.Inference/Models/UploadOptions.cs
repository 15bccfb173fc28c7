namespace BlindAI.Inference.Models;

/// <summary>What an upload asks for beside the bundle itself.</summary>
public sealed record UploadOptions
{
    /// <summary>Whether the model stays loaded. It is loaded once in any case, so that what is accepted is known to load. Default true.</summary>
    public bool Load { get; init; } = true;

    /// <summary>How long it lives; null for as long as the server.</summary>
    public TimeSpan? TimeToLive { get; init; }

    /// <summary>What the uploader decides of the model's scheduling; what it leaves open is measured.</summary>
    public ModelOverrides Overrides { get; init; } = new();
}
