namespace BlindAI.Protocol.Inference;

/// <summary>Limits on one inference request. They are part of the trust configuration: a caller can know them beforehand.</summary>
public sealed record ProtocolLimits
{
    /// <summary>Most bytes of a request body as it arrives and as it is after decompression. Default 64 MiB, Triton's <c>--http-max-input-size</c>.</summary>
    public int MaxRequestBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Most bytes of JSON in front of binary sections. Default 4 MiB.</summary>
    public int MaxHeaderBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Most inputs and most requested outputs. Default 256.</summary>
    public int MaxTensors { get; init; } = 256;

    /// <summary>Most elements of one BYTES tensor, each of which costs an object. Default 1 Mi.</summary>
    public int MaxByteStrings { get; init; } = 1024 * 1024;

    /// <summary>Most memory that a byte of JSON takes: itself, while its numbers are converted, and four bytes of a tensor ("1," as INT64).</summary>
    public const int JsonExpansion = 5;

    /// <summary>Deepest nesting of JSON. Default 64.</summary>
    public const int MaxJsonDepth = 64;

    /// <summary>Most characters of a request id or a tensor name. Default 256.</summary>
    public const int MaxNameLength = 256;
}
