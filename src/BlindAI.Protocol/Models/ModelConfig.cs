using System.Text.Json.Serialization;

namespace BlindAI.Protocol.Models;

/// <summary>How a model version is served, in the terms of Triton's ModelConfig: what its tools read before they send load.</summary>
/// <remarks>Source: Triton's model configuration extension and model_config.proto. Without members that say nothing here.</remarks>
public sealed record ModelConfig
{
    /// <summary>The model's name.</summary>
    public required string Name { get; init; }

    /// <summary><c>onnxruntime_onnx</c>.</summary>
    public required string Platform { get; init; }

    /// <summary><c>onnxruntime</c>.</summary>
    public required string Backend { get; init; }

    /// <summary>Most rows of a batch; 0 when the model is not batched.</summary>
    public required int MaxBatchSize { get; init; }

    /// <summary>What it takes.</summary>
    public required IReadOnlyList<ModelConfigTensor> Input { get; init; }

    /// <summary>What it gives.</summary>
    public required IReadOnlyList<ModelConfigTensor> Output { get; init; }

    /// <summary>Where it runs.</summary>
    public required IReadOnlyList<ModelInstanceGroup> InstanceGroup { get; init; }

    /// <summary>How batches are made; null when the model is not batched.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ModelDynamicBatching? DynamicBatching { get; init; }

    /// <summary>What else decides how it runs.</summary>
    public required IReadOnlyDictionary<string, ModelParameter> Parameters { get; init; }
}
