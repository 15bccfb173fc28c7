using BlindAI.OnnxWriter;

namespace BlindAI.ReferenceModels;

/// <summary>A model and what it takes and gives.</summary>
public sealed record ReferenceModel(string Name, OnnxModel Onnx, IReadOnlyList<TensorDescription> Inputs, IReadOnlyList<TensorDescription> Outputs);
