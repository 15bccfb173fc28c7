namespace BlindAI.Protocol.Grpc;

/// <summary>A request that names a model, and a version or none: both as they were sent.</summary>
public sealed record GrpcModelRequest(string Name, string Version);
