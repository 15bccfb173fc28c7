namespace BlindAI.Bench.Engine.Server;

/// <summary>What a server counts of itself.</summary>
/// <param name="AllocatedBytes">Managed memory, allocated.</param>
/// <param name="CopiedBytes">Tensors, copied from memory to memory.</param>
internal readonly record struct ServerCounters(long AllocatedBytes, long CopiedBytes);
