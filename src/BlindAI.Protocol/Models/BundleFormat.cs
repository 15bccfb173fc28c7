namespace BlindAI.Protocol.Models;

/// <summary>How a bundle travels.</summary>
public enum BundleFormat
{
    /// <summary>The bytes of one ONNX file, which the bundle calls <c>model.onnx</c>.</summary>
    Onnx,

    /// <summary>A tar archive of regular files.</summary>
    Tar,
}
