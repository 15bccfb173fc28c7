namespace BlindAI.Protocol;

/// <summary>The media types that are sent and understood. Bare, since some clients compare the whole header.</summary>
public static class MediaTypes
{
    /// <summary>JSON.</summary>
    public const string Json = "application/json";

    /// <summary>CBOR.</summary>
    public const string Cbor = "application/cbor";

    /// <summary>JSON followed by binary tensor data.</summary>
    public const string OctetStream = "application/octet-stream";

    /// <summary>A single ONNX file.</summary>
    public const string Onnx = "application/onnx";

    /// <summary>A bundle as a tar archive.</summary>
    public const string Tar = "application/x-tar";

    /// <summary>Key configurations (RFC 9458 section 3).</summary>
    public const string OhttpKeys = "application/ohttp-keys";

    /// <summary>A sealed request in one piece (RFC 9458 section 4).</summary>
    public const string OhttpRequest = "message/ohttp-req";

    /// <summary>The answer to <see cref="OhttpRequest"/>.</summary>
    public const string OhttpResponse = "message/ohttp-res";

    /// <summary>A sealed request in chunks (draft-ietf-ohai-chunked-ohttp section 3).</summary>
    public const string OhttpChunkedRequest = "message/ohttp-chunked-req";

    /// <summary>The answer to <see cref="OhttpChunkedRequest"/>.</summary>
    public const string OhttpChunkedResponse = "message/ohttp-chunked-res";

    /// <summary>A problem in JSON (RFC 9457).</summary>
    public const string ProblemJson = "application/problem+json";
}
