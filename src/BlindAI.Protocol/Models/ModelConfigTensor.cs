using System.Text.Json.Serialization;

namespace BlindAI.Protocol.Models;

/// <summary>An input or output in a <see cref="ModelConfig"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="DataType">Its datatype, such as <c>TYPE_FP32</c>; BYTES is <c>TYPE_STRING</c>.</param>
/// <param name="Dims">Its dimensions, -1 where they vary, and without the batch dimension where the model is batched.</param>
public sealed record ModelConfigTensor(string Name, string DataType, IReadOnlyList<long> Dims)
{
    /// <summary>Whether a request may leave the input out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Optional { get; init; }
}
