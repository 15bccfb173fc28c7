namespace BlindAI.Protocol.Grpc;

/// <summary><c>grpc.health.v1.HealthCheckRequest</c>: the service that is asked after; empty for the server.</summary>
public sealed record GrpcHealthRequest(string Service);
