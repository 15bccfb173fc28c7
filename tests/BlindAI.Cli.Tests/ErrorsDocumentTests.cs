using System.Globalization;
using BlindAI.Attestation;
using BlindAI.Protocol;
using BlindAI.Testing;

namespace BlindAI.Cli.Tests;

/// <summary>docs/errors.md lists exactly the codes that exist, each with its name and exit code.</summary>
public sealed class ErrorsDocumentTests
{
    private static readonly IReadOnlyList<string[]> Rows =
    [
        .. File.ReadLines(RepositoryRoot.Combine("docs", "errors.md"))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells is [_, _, _, _, _, _, _, ""] && int.TryParse(cells[1], CultureInfo.InvariantCulture, out _))
            .Select(cells => cells[1..^1]),
    ];

    [Fact]
    public void Table_Codes_AreThoseThatExist()
    {
        var existing = Enum.GetValues<RejectionCode>().Select(code => ((int)code, $"`{code}`"))
            .Concat(Enum.GetValues<ServingCode>().Select(code => ((int)code, $"`{code}`")))
            .Order();

        Assert.Equal(existing, Rows.Select(row => (int.Parse(row[0], CultureInfo.InvariantCulture), row[1])));
    }

    [Fact]
    public void Table_ExitCodes_AreThoseOfTheFamilies() =>
        Assert.All(Rows, row => Assert.Equal(ExitCode.Of(int.Parse(row[0], CultureInfo.InvariantCulture)), int.Parse(row[4], CultureInfo.InvariantCulture)));

    [Fact]
    public void Table_EveryCode_HasMeaningStatusAndNextStep() =>
        Assert.All(Rows, row =>
        {
            Assert.NotEmpty(row[2]);
            Assert.Matches("^([45][0-9][0-9]|–)$", row[3]);
            Assert.NotEmpty(row[5]);
        });
}
