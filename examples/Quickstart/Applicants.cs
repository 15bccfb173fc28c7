using System.Text.Json;

namespace BlindAI.Examples.Quickstart;

/// <summary>The eight applicants of the example, and how their raw attributes become the model's features.</summary>
internal sealed class Applicants
{
    private readonly JsonElement _encoding;

    public Applicants(string folder)
    {
        _encoding = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "encoding.json"))).RootElement;
        Rows = [.. JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "applicants.json"))).RootElement.EnumerateArray()];
    }

    public IReadOnlyList<JsonElement> Rows { get; }

    public int FeatureCount => _encoding.GetProperty("featureCount").GetInt32();

    /// <summary>All rows, one after the other: float32[rows, features].</summary>
    public float[] Encode()
    {
        var features = new List<float>();
        foreach (var row in Rows)
        {
            var attributes = row.GetProperty("attributes");
            foreach (var column in _encoding.GetProperty("columns").EnumerateArray())
            {
                var value = attributes.GetProperty(column.GetProperty("name").GetString()!).GetString()!;
                if (column.TryGetProperty("categories", out var categories))
                {
                    features.AddRange(categories.EnumerateArray().Select(category => category.ValueEquals(value) ? 1f : 0f));
                }
                else
                {
                    var number = float.Parse(value, System.Globalization.CultureInfo.InvariantCulture);
                    features.Add((number - column.GetProperty("mean").GetSingle()) / column.GetProperty("deviation").GetSingle());
                }
            }
        }

        return [.. features];
    }
}
