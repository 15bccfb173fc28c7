using System.Text.Encodings.Web;
using System.Text.Json;

namespace TrainCreditForest;

/// <summary>Writes the two JSON files beside the model.</summary>
public static class QuickstartFiles
{
    private const int GoodApplicants = 5;
    private const int BadApplicants = 3;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,      // for files, not for pages
    };

    /// <summary>encoding.json: how raw values become features.</summary>
    public static string Encoding(CreditEncoding encoding) => ToJson(new { encoding.FeatureCount, encoding.Columns });

    /// <summary>The first five good and three bad credits of the test rows, in the order of the file; the model has no say in it.</summary>
    public static IReadOnlyList<Applicant> Choose(IReadOnlyList<Applicant> test) =>
    [
        .. test.Where(row => !row.IsBad).Take(GoodApplicants).Concat(test.Where(row => row.IsBad).Take(BadApplicants)).OrderBy(row => row.Row),
    ];

    /// <summary>applicants.json: raw values by attribute, the same in words, and how the credit turned out.</summary>
    public static string Applicants(IReadOnlyList<Applicant> applicants) => ToJson(applicants.Select(row => new
    {
        row.Row,
        Attributes = GermanCredit.Attributes.Zip(row.Values).ToDictionary(cell => cell.First.Name, cell => cell.Second),
        Description = string.Join("; ", GermanCredit.Attributes.Zip(row.Values, (attribute, value) => attribute.Describe(value))),
        Outcome = row.IsBad ? "bad" : "good",
    }));

    private static string ToJson<T>(T value) => JsonSerializer.Serialize(value, Format) + "\n";
}
