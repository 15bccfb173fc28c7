using System.Text.Json.Serialization;

namespace BlindAI.Protocol.Models;

/// <summary>What a model says of one of its inputs or outputs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Datatype">Its datatype, as the protocol spells it.</param>
/// <param name="Shape">Its dimensions; -1 where they vary.</param>
public sealed record TensorDescription(string Name, string Datatype, IReadOnlyList<long> Shape)
{
    /// <summary>What else is known of it; null where nothing is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TensorParameters? Parameters { get; init; }
}
