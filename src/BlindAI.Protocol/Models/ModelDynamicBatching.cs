namespace BlindAI.Protocol.Models;

/// <summary>How requests are put together into batches.</summary>
/// <param name="PreferredBatchSize">Sizes that a batch should have, ascending; empty takes what has queued.</param>
/// <param name="MaxQueueDelayMicroseconds">Longest that a request waits for others.</param>
/// <param name="PriorityLevels">Priority levels, 1 the highest; 0 for none.</param>
/// <param name="DefaultPriorityLevel">The level of requests that name none.</param>
public sealed record ModelDynamicBatching(IReadOnlyList<int> PreferredBatchSize, long MaxQueueDelayMicroseconds, int PriorityLevels, int DefaultPriorityLevel);
