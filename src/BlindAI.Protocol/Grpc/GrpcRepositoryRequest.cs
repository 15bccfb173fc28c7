namespace BlindAI.Protocol.Grpc;

/// <summary>A request to load or unload a model.</summary>
/// <param name="Model">The model's name as it was sent.</param>
/// <param name="Parameters">The names of its parameters.</param>
public sealed record GrpcRepositoryRequest(string Model, IReadOnlyList<string> Parameters)
{
    /// <summary>Most parameters.</summary>
    public const int MaxParameters = 64;
}
