namespace BlindAI.Protocol.Ohttp;

/// <summary>A final response before its content.</summary>
/// <remarks>Source: RFC 9292, section 3.5 and 3.6. Names are lower-case; the order is that of the message.</remarks>
public sealed record BinaryHttpResponseHead
{
    /// <summary>The status: 200 to 599.</summary>
    public required int Status { get; init; }

    /// <summary>The headers.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Bytes of the content; null when they come in pieces whose sum nobody has stated.</summary>
    public long? ContentLength { get; init; }
}
