namespace BlindAI.Protocol.Models;

/// <summary>Where a model runs: its name, how many instances, and <c>KIND_CPU</c>.</summary>
public sealed record ModelInstanceGroup(string Name, int Count, string Kind);
