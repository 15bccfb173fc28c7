namespace BlindAI.Protocol.Grpc;

/// <summary>An answer of one bool: live, ready.</summary>
public sealed record GrpcFlag(bool Value);
