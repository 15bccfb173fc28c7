namespace BlindAI.Protocol.Grpc;

/// <summary>The answer to a load or an unload: for Triton's clients it is empty, KServe's read the model's name and that it was done.</summary>
public sealed record GrpcRepositoryResponse(string Model);
