namespace TrainCreditForest;

/// <summary>How well scores for "bad" agree with the truth.</summary>
public static class Metrics
{
    public static double Accuracy(IReadOnlyList<float> scores, IReadOnlyList<float> labels) =>
        scores.Zip(labels).Count(row => row.First >= 0.5f == row.Second >= 0.5f) / (double)labels.Count;

    public static double MeanSquaredError(IReadOnlyList<float> scores, IReadOnlyList<float> labels) =>
        scores.Zip(labels).Average(row => Math.Pow(row.First - row.Second, 2));

    /// <summary>The chance that a bad credit scores higher than a good one; a tie counts half.</summary>
    public static double AreaUnderCurve(IReadOnlyList<float> scores, IReadOnlyList<float> labels)
    {
        var bad = scores.Where((_, row) => labels[row] > 0.5f).ToList();
        var good = scores.Where((_, row) => labels[row] < 0.5f).ToList();
        return bad.Average(high => good.Average(low => high > low ? 1.0 : high == low ? 0.5 : 0.0));
    }
}
