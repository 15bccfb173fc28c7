namespace BlindAI.Protocol.Models;

/// <summary>A model in a list: its versions, and the facts of the newest.</summary>
public sealed record ModelSummary
{
    /// <summary>The model's name.</summary>
    public required string Name { get; init; }

    /// <summary>The versions, oldest first.</summary>
    public required IReadOnlyList<int> Versions { get; init; }

    /// <summary>The digest of the newest version.</summary>
    public required string Digest { get; init; }

    /// <summary><c>READY</c> when the newest version is loaded, else <c>UNAVAILABLE</c>: it is loaded when asked for.</summary>
    public required string State { get; init; }

    /// <summary>Bytes of all versions.</summary>
    public required long Size { get; init; }

    /// <summary>How long the model lasts: <c>memory</c> until the server stops.</summary>
    public required string Durability { get; init; }
}
