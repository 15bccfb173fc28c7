namespace BlindAI.Bench.Engine;

/// <summary>Managed memory that the server allocates for one request.</summary>
internal sealed record AllocationResult(long InputBytes, int Requests, double BytesPerRequest);
