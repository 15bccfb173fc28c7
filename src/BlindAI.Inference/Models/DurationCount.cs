namespace BlindAI.Inference.Models;

/// <summary>A number of events and how long they took together.</summary>
public readonly record struct DurationCount(long Count, TimeSpan Total);
