namespace BlindAI.Protocol.Tensors;

/// <summary>A tensor under the name that the model gives it.</summary>
public readonly record struct NamedTensor(string Name, Tensor Tensor);
