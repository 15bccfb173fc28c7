using System.Diagnostics.CodeAnalysis;

namespace TrainCreditForest;

/// <summary>A column of the data: its name there, what it means, and what its codes mean (none for a number).</summary>
/// <param name="Name">The name in the header of german.data.</param>
/// <param name="Label">The meaning, for a reader.</param>
/// <param name="Codes">Each code with its meaning, in the order of german.doc; empty for a number.</param>
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "Attribute is the word of german.doc.")]
public sealed record CreditAttribute(string Name, string Label, params IReadOnlyList<(string Code, string Meaning)> Codes)
{
    /// <summary>Whether the values are numbers rather than codes.</summary>
    public bool IsNumeric => Codes.Count == 0;

    /// <summary>A value in words, such as <c>savings: 100 to 500 DM</c>.</summary>
    public string Describe(string value) => $"{Label}: {(IsNumeric ? value : Codes.First(code => code.Code == value).Meaning)}";
}
