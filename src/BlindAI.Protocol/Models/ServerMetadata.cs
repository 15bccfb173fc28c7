namespace BlindAI.Protocol.Models;

/// <summary>The metadata of the server.</summary>
/// <param name="Name">The software's name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Extensions">The protocol extensions that it implements.</param>
/// <remarks>Source: Open Inference Protocol v2, "Server Metadata".</remarks>
public sealed record ServerMetadata(string Name, string Version, IReadOnlyList<string> Extensions);
