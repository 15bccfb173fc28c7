using System.Globalization;

namespace TrainCreditForest;

/// <summary>How twenty raw values become the model's features; written beside the model as encoding.json.</summary>
/// <param name="Columns">The attributes in the order of the file; their features follow one another in this order.</param>
public sealed record CreditEncoding(IReadOnlyList<EncodedColumn> Columns)
{
    /// <summary>The number of features.</summary>
    public int FeatureCount => Columns.Sum(column => column.Width);

    /// <summary>Takes means and deviations from the training rows, categories from german.doc.</summary>
    public static CreditEncoding Fit(IReadOnlyList<Applicant> training) =>
        new([.. GermanCredit.Attributes.Select((attribute, index) => attribute.IsNumeric
            ? FitNumber(attribute.Name, [.. training.Select(row => Number(row.Values[index]))])
            : new EncodedColumn(attribute.Name, Categories: [.. attribute.Codes.Select(code => code.Code)], null, null))]);

    /// <summary>One row as <c>float32[FeatureCount]</c>.</summary>
    public float[] Encode(IReadOnlyList<string> values) =>
        [.. Columns.Zip(values).SelectMany(cell => cell.First.Encode(cell.Second))];

    internal static float Number(string value) => float.Parse(value, CultureInfo.InvariantCulture);

    private static EncodedColumn FitNumber(string name, float[] values)
    {
        var mean = values.Average(value => (double)value);
        var deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        return new(name, null, (float)mean, (float)deviation);
    }
}
