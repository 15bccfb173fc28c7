using System.Text.Json.Serialization;

namespace BlindAI.Protocol.Models;

/// <summary>What runs in the place of a model as it was uploaded.</summary>
/// <remarks>Source: docs/wire-protocol.md, clause 4.13.</remarks>
public sealed record DerivedModel
{
    /// <summary>How it was made: <c>dynamic-int8-1</c>.</summary>
    public required string Transformation { get; init; }

    /// <summary>SHA-256 of the derived ONNX file, in hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Weight matrices that became integers.</summary>
    public required int Matrices { get; init; }

    /// <summary>How far its outputs are from those of the uploaded form; null where that could not be measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ModelAccuracy? Accuracy { get; init; }
}
