using System.Text.Json;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Tests.Policy;

public class PolicyVectorTests
{
    public static TheoryData<string> Names => [.. PolicyVectors.Names];

    public static TheoryData<string> ValidNames => [.. PolicyVectors.ValidNames];

    /// <summary>The cases in which every member of an entry is there.</summary>
    public static TheoryData<string> FullNames => [.. PolicyVectors.ValidNames.Where(name => name.StartsWith("valid-full-", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_Vector_GivesTheExpectedOutcome(string name)
    {
        var (code, path) = PolicyVectors.Expectation(name);
        var policy = PolicyVectors.Policy(name);
        if (code is null)
        {
            Assert.NotEmpty(AttestationPolicy.Parse(policy).Accept);
            return;
        }

        var exception = Assert.Throws<AttestationException>(() => AttestationPolicy.Parse(policy));
        Assert.Equal(code, exception.Code);
        Assert.StartsWith(path + " ", exception.Message);
    }

    [Theory]
    [MemberData(nameof(ValidNames))]
    public void Encode_ValidVector_IsReadBackAsTheSamePolicy(string name)
    {
        var policy = AttestationPolicy.Parse(PolicyVectors.Policy(name));
        var again = AttestationPolicy.Parse(policy.Encode());
        Assert.Equal(policy.Encode(), again.Encode());
        Assert.Equal(policy.Digest, again.Digest);
    }

    [Theory]
    [MemberData(nameof(ValidNames))]
    public void Explain_ValidVector_SaysEachMemberInASentence(string name)
    {
        foreach (var entry in AttestationPolicy.Parse(PolicyVectors.Policy(name)).Accept)
        {
            var members = entry.Explain();
            Assert.All(members, member => Assert.EndsWith(".", member.Meaning));
            Assert.All(members, member => Assert.Equal(!member.IsChecked, member.Meaning.Contains("NOT CHECKED")));
        }
    }

    [Theory]
    [MemberData(nameof(FullNames))]
    public void Encode_FullEntry_WritesEveryMemberOfTheFile(string name)
    {
        using var written = JsonDocument.Parse(AttestationPolicy.Parse(PolicyVectors.Policy(name)).Encode());
        using var given = JsonDocument.Parse(PolicyVectors.Policy(name));
        Assert.True(JsonElement.DeepEquals(given.RootElement, written.RootElement));
    }

    [Theory]
    [MemberData(nameof(FullNames))]
    public void Explain_FullEntry_LeavesNothingUnchecked(string name)
    {
        var entry = AttestationPolicy.Parse(PolicyVectors.Policy(name)).Accept[0];
        // Two things no entry can demand: registers that it does not name, and the debug mode of a GPU, which evidence does not show.
        Assert.All(entry.Explain().Where(member => !member.IsChecked && member.Name != "gpu.dangerouslyAllowDebug"), member => Assert.Contains("Every other register", member.Meaning));
    }

    [Theory]
    [MemberData(nameof(ValidNames))]
    public void Parse_EveryPrefixOfAFile_IsRefused(string name)
    {
        var policy = PolicyVectors.Policy(name);
        var length = policy.AsSpan().TrimEnd("\n"u8).Length;
        for (var cut = 0; cut < length; cut++)
        {
            Assert.False(IsRead(policy.AsSpan(0, cut)));
        }
    }

    [Theory]
    [MemberData(nameof(ValidNames))]
    public void Parse_EveryByteChanged_GivesAPolicyOrARefusal(string name)
    {
        var policy = PolicyVectors.Policy(name);
        for (var index = 0; index < policy.Length; index++)
        {
            foreach (var mask in new byte[] { 0x01, 0x10, 0x80 })
            {
                policy[index] ^= mask;
                _ = IsRead(policy);
                policy[index] ^= mask;
            }
        }
    }

    [Fact]
    public void Vectors_Folder_HasACaseForEveryTee()
    {
        var accepted = PolicyVectors.ValidNames.SelectMany(name => AttestationPolicy.Parse(PolicyVectors.Policy(name)).Accept).Select(entry => entry.Tee);
        Assert.Equal(TeeKind.All.Where(kind => kind != TeeKind.NvidiaGpu).ToHashSet(), accepted.ToHashSet());
    }

    /// <summary>Whether the bytes are a policy; anything but a policy or a refusal with its code fails the test.</summary>
    private static bool IsRead(ReadOnlySpan<byte> utf8)
    {
        try
        {
            _ = AttestationPolicy.Parse(utf8);
            return true;
        }
        catch (AttestationException exception)
        {
            Assert.True(exception.Code is RejectionCode.PolicyInvalid or RejectionCode.VersionUnsupported);
            return false;
        }
    }
}
