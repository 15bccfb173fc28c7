namespace BlindAI.Protocol.Ohttp;

/// <summary>A request before its content.</summary>
/// <remarks>Source: RFC 9292, section 3.4 and 3.6. Names are lower-case; the order is that of the message.</remarks>
public sealed record BinaryHttpRequestHead
{
    /// <summary>The method.</summary>
    public required string Method { get; init; }

    /// <summary>The scheme, such as <c>https</c>.</summary>
    public required string Scheme { get; init; }

    /// <summary>The authority; empty where the <c>host</c> header stands for it.</summary>
    public required string Authority { get; init; }

    /// <summary>The path with its query.</summary>
    public required string Path { get; init; }

    /// <summary>The headers.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Bytes of the content; null when they come in pieces whose sum nobody has stated.</summary>
    public long? ContentLength { get; init; }
}
