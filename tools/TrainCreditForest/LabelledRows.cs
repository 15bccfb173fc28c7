namespace TrainCreditForest;

/// <summary>Encoded rows with their truth: 1 for a bad credit, 0 for a good one.</summary>
public sealed record LabelledRows(float[][] Features, float[] Labels)
{
    public static LabelledRows From(IReadOnlyList<Applicant> rows, CreditEncoding encoding) =>
        new([.. rows.Select(row => encoding.Encode(row.Values))], [.. rows.Select(row => row.IsBad ? 1f : 0f)]);
}
