namespace BlindAI.Protocol.Inference;

/// <summary>An output that the caller asks for.</summary>
/// <param name="Name">The model's name for it.</param>
/// <param name="Binary">Whether its data shall come in binary; null leaves it to the request's default.</param>
public readonly record struct RequestedOutput(string Name, bool? Binary = null);
