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

    /// <summary>Asserts that the verifier reports every claim of the case, with exactly its value.</summary>
    public static void AssertClaims(string tee, string name, JsonObject reported)
    {
        foreach (var (claim, value) in Expect(tee, name)["claims"]!.AsObject())
        {
            Assert.True(reported.ContainsKey(claim), $"The claim {claim} is not reported.");
            Assert.True(JsonNode.DeepEquals(value, reported[claim]), $"{claim}: expected {value?.ToJsonString() ?? "null"}, reported {reported[claim]?.ToJsonString() ?? "null"}.");
        }
    }

    /// <summary>Asserts that the judgement without a policy is the one that the case expects.</summary>
    public static void AssertDefaultPolicy(string tee, string name, Action judge)
    {
        var refused = Record.Exception(judge);

        Assert.True(refused is null or AttestationException);
        Assert.Equal(Expect(tee, name)["default_policy"]!["result"]!.GetValue<string>(), refused is null ? "accept" : "reject");
    }
}
