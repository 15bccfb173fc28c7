using System.Text.Json.Serialization;

namespace TrainCreditForest;

/// <summary>One attribute: either a number, standardised, or a code, one feature for each category (1 for the row's own, else 0).</summary>
/// <param name="Name">The name in the header of german.data.</param>
/// <param name="Categories">The codes, in the order of their features; null for a number.</param>
/// <param name="Mean">What is taken off a number; null for a code.</param>
/// <param name="Deviation">What the difference is divided by (population standard deviation); null for a code.</param>
public sealed record EncodedColumn(string Name, IReadOnlyList<string>? Categories, float? Mean, float? Deviation)
{
    /// <summary>How many features the attribute takes.</summary>
    [JsonIgnore]
    public int Width => Categories?.Count ?? 1;

    internal IEnumerable<float> Encode(string value) => Categories is null
        ? [(CreditEncoding.Number(value) - Mean!.Value) / Deviation!.Value]
        : Categories.Select(category => category == value ? 1f : 0f);
}
