namespace BlindAI.Protocol.Models;

/// <summary>The value of a parameter in a <see cref="ModelConfig"/>.</summary>
public sealed record ModelParameter(string StringValue);
