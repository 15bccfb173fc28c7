using System.Text.Json.Serialization;

namespace BlindAI.Protocol.Models;

/// <summary>The metadata of a model: the protocol's members, and the model's digest.</summary>
/// <remarks>Source: Open Inference Protocol v2, "Model Metadata".</remarks>
public sealed record ModelMetadata
{
    /// <summary>The model's name.</summary>
    public required string Name { get; init; }

    /// <summary>The versions that exist, oldest first.</summary>
    public required IReadOnlyList<string> Versions { get; init; }

    /// <summary>The platform as Triton names it: <c>onnxruntime_onnx</c>.</summary>
    public required string Platform { get; init; }

    /// <summary>What it takes.</summary>
    public required IReadOnlyList<TensorDescription> Inputs { get; init; }

    /// <summary>What it gives.</summary>
    public required IReadOnlyList<TensorDescription> Outputs { get; init; }

    /// <summary>The version that this metadata is of.</summary>
    public required int Version { get; init; }

    /// <summary>The model digest of that version.</summary>
    public required string Digest { get; init; }

    /// <summary>The form that runs in its place; null where it runs as it was uploaded.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DerivedModel? Derived { get; init; }
}
