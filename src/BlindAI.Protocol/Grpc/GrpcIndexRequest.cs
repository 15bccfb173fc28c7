namespace BlindAI.Protocol.Grpc;

/// <summary>A request for the repository index: of everything, or of what is ready.</summary>
public sealed record GrpcIndexRequest(bool Ready);
