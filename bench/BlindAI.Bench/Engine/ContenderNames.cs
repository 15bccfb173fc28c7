namespace BlindAI.Bench.Engine;

/// <summary>Names that tables, goals and the plot look figures up by.</summary>
internal static class ContenderNames
{
    public const string Raw = "raw";
    public const string Binary = "REST binary";
    public const string Json = "REST JSON";
    public const string Grpc = "gRPC";
    public const string AspNetGrpc = "ASP.NET gRPC";
    public const string Node = "Node.js";
    public const string Floor = "bare SslStream";
    public const string Sink = "sink, HTTP/1.1";
    public const string Http2Sink = "sink, HTTP/2";
    public const string BinaryIntake = "REST binary, one number read";
    public const string GrpcIntake = "gRPC, one number read";
    public const string PreparedBinary = "REST binary, prepared";
    public const string Batching = "batching";
    public const string NoBatching = "no batching";
}
