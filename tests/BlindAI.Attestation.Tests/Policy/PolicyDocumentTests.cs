using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Tests.Policy;

/// <summary>What docs/policy.md shows can be read.</summary>
public partial class PolicyDocumentTests
{
    public static TheoryData<string> Examples => [.. Example().Matches(PolicyVectors.Documentation).Select(match => match.Groups[1].Value)];

    [Theory]
    [MemberData(nameof(Examples))]
    public void Parse_ExampleOfTheDocument_IsAPolicy(string example)
    {
        var digits = Placeholder().Replace(example, match => new string('a', int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)));
        var policy = digits.Contains("\"accept\"") ? digits : $$"""
            { "version": 1, "service": "risk.example.org", "machines": "any", "dangerouslyAnyConfiguration": true, "accept": [{{digits}}], "otherModels": "allow" }
            """;
        Assert.Single(AttestationPolicy.Parse(Encoding.UTF8.GetBytes(policy)).Accept);
    }

    [Fact]
    public void Document_EveryMember_IsNamed()
    {
        var document = PolicyVectors.Documentation;
        var members = PolicyVectors.ValidNames.SelectMany(name => AttestationPolicy.Parse(PolicyVectors.Policy(name)).Accept).SelectMany(entry => entry.Explain())
            .SelectMany(member => member.Name.Split('.')).Where(name => char.IsAsciiLetterLower(name[0])).Distinct();
        Assert.All(members, member => Assert.Matches($"[`\"]{member}[`\"]", document));
    }

    [GeneratedRegex("```jsonc\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex("<([0-9]+) hex>")]
    private static partial Regex Placeholder();
}
