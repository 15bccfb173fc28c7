namespace TrainCreditForest;

/// <summary>Which rows train, which choose and calibrate, and which only measure.</summary>
/// <remarks>Stratified: every part has the same share of bad credits. Within a part, rows keep the order of the file.</remarks>
public sealed record DataSplit(IReadOnlyList<Applicant> Training, IReadOnlyList<Applicant> Validation, IReadOnlyList<Applicant> Test)
{
    /// <summary>The seed of the published split: the year of the data.</summary>
    public const ulong Seed = 1994;

    private const double TestShare = 0.20;
    private const double ValidationShare = 0.16;

    /// <summary>Draws 20 % for the test and 16 % for validation (a fifth of the rest) out of each class.</summary>
    public static DataSplit Draw(IReadOnlyList<Applicant> rows)
    {
        var random = new SeededRandom(Seed);
        List<Applicant> training = [], validation = [], test = [];
        foreach (var isBad in (bool[])[false, true])
        {
            var drawn = rows.Where(row => row.IsBad == isBad).ToArray();
            random.Shuffle<Applicant>(drawn);
            var testCount = (int)Math.Round(drawn.Length * TestShare);
            var validationCount = (int)Math.Round(drawn.Length * ValidationShare);
            test.AddRange(drawn[..testCount]);
            validation.AddRange(drawn[testCount..(testCount + validationCount)]);
            training.AddRange(drawn[(testCount + validationCount)..]);
        }

        return new(InFileOrder(training), InFileOrder(validation), InFileOrder(test));
    }

    private static List<Applicant> InFileOrder(IEnumerable<Applicant> rows) => [.. rows.OrderBy(row => row.Row)];
}
