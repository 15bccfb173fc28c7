namespace BlindAI.Protocol.Grpc;

/// <summary>A message without fields.</summary>
public sealed record GrpcEmpty;
