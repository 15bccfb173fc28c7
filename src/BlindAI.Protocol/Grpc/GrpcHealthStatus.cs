namespace BlindAI.Protocol.Grpc;

/// <summary>The serving status of a service.</summary>
/// <remarks>Source: grpc.health.v1, HealthCheckResponse.ServingStatus; the numbers are those on the wire.</remarks>
public enum GrpcHealthStatus
{
    /// <summary>Never answered.</summary>
    Unknown = 0,

    /// <summary>Takes requests.</summary>
    Serving = 1,

    /// <summary>Takes none.</summary>
    NotServing = 2,

    /// <summary>No such service; only a watch answers it.</summary>
    ServiceUnknown = 3,
}
