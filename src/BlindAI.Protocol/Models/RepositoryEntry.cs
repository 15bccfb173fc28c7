namespace BlindAI.Protocol.Models;

/// <summary>A model version in the repository index.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Version">Its version.</param>
/// <param name="State"><c>READY</c> or <c>UNAVAILABLE</c>.</param>
/// <param name="Reason">Why it is not ready; empty when it is.</param>
/// <remarks>Source: Triton's model repository extension, "Index".</remarks>
public sealed record RepositoryEntry(string Name, string Version, string State, string Reason);
