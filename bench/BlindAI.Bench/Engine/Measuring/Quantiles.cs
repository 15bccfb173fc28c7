namespace BlindAI.Bench.Engine.Measuring;

/// <summary>Quantiles by the nearest rank.</summary>
internal static class Quantiles
{
    public static double OfSorted(ReadOnlySpan<double> sorted, double quantile) =>
        sorted.IsEmpty ? double.NaN : sorted[(int)Math.Round((sorted.Length - 1) * quantile)];

    public static double Of(IEnumerable<double> values, double quantile) => OfSorted([.. values.Order()], quantile);

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
