using System.Text.Json.Nodes;
using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Evidence;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Evidence;

/// <summary>Real captured evidence, which lies beside the repository and not in it.</summary>
internal static class SharedVectors
{
    /// <summary>A folder of the shared vectors; skips the test when they are not there, and fails it under CI.</summary>
    public static string Folder(string tee, string name)
    {
        const string Missing = "The shared vectors are missing: set BLINDAI_SHARED to the folder that holds vectors/.";
        if (RepositoryRoot.SharedVectors is null && RepositoryRoot.IsContinuousIntegration)
        {
            Assert.Fail(Missing);
        }

        Assert.SkipWhen(RepositoryRoot.SharedVectors is null, Missing);
        return Path.Combine(RepositoryRoot.SharedVectors!, tee, name);
    }

    public static CapturedEvidence Read(string tee, string name) => CapturedEvidence.ReadFolder(Folder(tee, name));

    public static JsonNode Expect(string tee, string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder(tee, name), CapturedEvidence.CaseFile)))!["expect"]!;

    /// <summary>Verifies a case as it says of itself.</summary>
    public static VerifiedEvidence Verify(ITeeVerifier verifier, CapturedEvidence captured) =>
        verifier.Verify(captured.Evidence, captured.Challenge, captured.At ?? throw new InvalidOperationException("The case has no time."));

    /// <summary>Asserts what prudence says without a policy: the case's own word, and the code (0 for acceptance).</summary>
    public static void AssertDefault(ITeeVerifier verifier, VerifiedEvidence verified, RejectionCode expected)
    {
        if (expected == 0)
        {
            verifier.JudgeByDefault(verified);
        }
        else
        {
            Rejections.AssertCode(expected, () => verifier.JudgeByDefault(verified));
        }
    }

    /// <summary>Asserts that the verifier reports every claim of the case, with exactly its value.</summary>
    public static void AssertClaims(string tee, string name, JsonObject reported)
    {
        foreach (var (claim, value) in Expect(tee, name)["claims"]!.AsObject())
        {
            Assert.True(reported.ContainsKey(claim), $"The claim {claim} is not reported.");
            Assert.True(JsonNode.DeepEquals(value, reported[claim]), $"{claim}: expected {value?.ToJsonString() ?? "null"}, reported {reported[claim]?.ToJsonString() ?? "null"}.");
        }
    }
}
