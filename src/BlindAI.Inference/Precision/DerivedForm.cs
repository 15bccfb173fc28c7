namespace BlindAI.Inference.Precision;

/// <summary>What runs in the place of a model as it was uploaded: how it was made, and what it is.</summary>
/// <remarks>The same upload and the same transformation give the same bytes. The model digest stays that of the upload. Source: docs/precision.md.</remarks>
public sealed record DerivedForm
{
    /// <summary>The transformation and its version: <c>dynamic-int8-1</c>.</summary>
    public required string Transformation { get; init; }

    /// <summary>SHA-256 of the derived ONNX file (64 lower hexadecimal digits).</summary>
    public required string Sha256 { get; init; }

    /// <summary>Weight matrices that became integers.</summary>
    public required int Matrices { get; init; }

    /// <summary>Bytes of the uploaded ONNX file and of those of its external weights that became integers.</summary>
    public required long BytesBefore { get; init; }

    /// <summary>Bytes of the derived ONNX file.</summary>
    public required long BytesAfter { get; init; }

    /// <summary>How far the outputs are from those of the uploaded form; null where no made-up input runs, or the model gives no floating-point numbers.</summary>
    public AccuracyNote? Accuracy { get; init; }
}
