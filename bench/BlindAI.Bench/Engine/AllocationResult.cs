namespace BlindAI.Bench.Engine;

/// <summary>What one request costs the server in memory.</summary>
/// <param name="InputBytes">The length of the input.</param>
/// <param name="Requests">Requests that were counted.</param>
/// <param name="BytesPerRequest">Managed memory, allocated for each.</param>
/// <param name="CopiesPerRequest">Bytes of tensors that were copied for each, against the bytes of input and output.</param>
internal sealed record AllocationResult(long InputBytes, int Requests, double BytesPerRequest, double CopiesPerRequest);
