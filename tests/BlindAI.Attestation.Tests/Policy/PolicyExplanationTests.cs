using BlindAI.Attestation.Policy;
using static BlindAI.Attestation.Policy.PolicyStatementKind;

namespace BlindAI.Attestation.Tests.Policy;

public class PolicyExplanationTests
{
    [Theory]
    [InlineData("valid-simulation", "$.accept[0]", "protects nothing")]
    [InlineData("valid-simulation-any-key", "$.accept[0].key", "Any key")]
    [InlineData("valid-any-configuration", "$.dangerouslyAnyConfiguration", "logs")]
    [InlineData("valid-debug-nitro", "$.accept[0].dangerouslyAllowDebug", "read everything")]
    [InlineData("valid-milan-named", "$.accept[0].products", "forged")]
    [InlineData("valid-minimal", "$.validUntil", "end")]
    [InlineData("valid-minimal", "$.otherModels", "not named")]
    [InlineData("valid-minimal", "$.machines", "Any genuine machine")]
    public void Explain_WeakPolicy_Warns(string name, string path, string words) =>
        Assert.Contains(Explain(name, TeeKind.All), statement => statement.Kind == Warning && statement.Path == path && statement.Text.Contains(words));

    [Fact]
    public void Explain_TeeThatCannotBeVerified_Warns()
    {
        Assert.Contains(Explain("valid-full-cca", [TeeKind.Simulation]), statement => statement.Kind == Warning && statement.Path == "$.accept[0]");
        Assert.DoesNotContain(Explain("valid-full-cca", [TeeKind.ArmCca]), statement => statement.Kind == Warning && statement.Path == "$.accept[0]");
    }

    [Fact]
    public void Explain_MachineListsOfAnotherKind_Warns()
    {
        var listed = AttestationPolicy.Parse(PolicyVectors.Policy("valid-machines-listed"));
        var policy = new AttestationPolicy
        {
            Service = listed.Service,
            Machines = listed.Machines,
            Configuration = listed.Configuration,
            Accept = [.. listed.Accept, .. AttestationPolicy.Parse(PolicyVectors.Policy("valid-full-nitro")).Accept],
            OtherModels = listed.OtherModels,
        };
        var warnings = policy.Explain(TeeKind.All).Where(statement => statement.Kind == Warning).Select(statement => statement.Path).ToList();
        Assert.Contains("$.accept[1]", warnings);
        Assert.DoesNotContain("$.accept[0]", warnings);
    }

    [Fact]
    public void Explain_AbsentMember_IsNotChecked() =>
        Assert.Contains(Explain("valid-minimal", TeeKind.All), statement => statement is { Kind: NotChecked, Path: "$.accept[0].hostData" } && statement.Text.EndsWith("NOT CHECKED."));

    [Fact]
    public void Explain_PresentMember_IsChecked() =>
        Assert.Contains(Explain("valid-full-snp", TeeKind.All), statement => statement is { Kind: Checked, Path: "$.accept[0].guestPolicy.raplDis" });

    private static IReadOnlyList<PolicyStatement> Explain(string name, IReadOnlyCollection<TeeKind> verifiable) =>
        AttestationPolicy.Parse(PolicyVectors.Policy(name)).Explain(verifiable);
}
