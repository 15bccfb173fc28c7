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
}
