namespace BlindAI.Protocol.Models;

/// <summary>Whether a model answers, in KServe's form.</summary>
public sealed record ModelReadiness(string Name, bool Ready);
