namespace BlindAI.Protocol.Grpc;

/// <summary><c>grpc.health.v1.HealthCheckResponse</c>.</summary>
public sealed record GrpcHealthResponse(GrpcHealthStatus Status);
