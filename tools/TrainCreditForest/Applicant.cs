namespace TrainCreditForest;

/// <summary>One row of the data: the twenty attributes as they are written there, and how the credit turned out.</summary>
/// <param name="Row">The row's number in german.data, from 1, the header not counted.</param>
/// <param name="Values">Codes and numbers, in the order of <see cref="GermanCredit.Attributes"/>.</param>
/// <param name="IsBad">Whether the credit was classed as bad.</param>
public sealed record Applicant(int Row, IReadOnlyList<string> Values, bool IsBad);
