namespace BlindAI.Protocol.Models;

/// <summary>A number of events and the nanoseconds they took together.</summary>
public readonly record struct StatisticDuration(long Count, long Ns);
