namespace BlindAI.Protocol.Models;

/// <summary>The media type of each <see cref="BundleFormat"/>.</summary>
public static class BundleFormats
{
    /// <summary>The media type of an upload body.</summary>
    public static string MediaType(this BundleFormat format) => format switch
    {
        BundleFormat.Onnx => "application/onnx",
        BundleFormat.Tar => "application/x-tar",
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    /// <summary>Finds a format by its media type, without parameters and whatever its case; null when there is none.</summary>
    public static BundleFormat? Find(string? mediaType) =>
        string.Equals(mediaType, "application/onnx", StringComparison.OrdinalIgnoreCase) ? BundleFormat.Onnx
        : string.Equals(mediaType, "application/x-tar", StringComparison.OrdinalIgnoreCase) ? BundleFormat.Tar
        : null;
}
