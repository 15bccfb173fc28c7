namespace BlindAI.Protocol.Models;

/// <summary>The answer to a question for statistics.</summary>
public sealed record ModelStatisticsList(IReadOnlyList<ModelStatisticsEntry> ModelStats);
