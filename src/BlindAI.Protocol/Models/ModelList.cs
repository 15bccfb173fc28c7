namespace BlindAI.Protocol.Models;

/// <summary>The models of a namespace: KServe's list of names, and the details.</summary>
public sealed record ModelList(IReadOnlyList<string> Models, IReadOnlyList<ModelSummary> Details);
