namespace BlindAI.Protocol.Models;

/// <summary>What metadata says of a tensor beyond the protocol's members.</summary>
/// <param name="Optional">Whether a request may leave the input out: the model then takes its default.</param>
public sealed record TensorParameters(bool Optional);
