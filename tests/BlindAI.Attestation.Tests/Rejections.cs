namespace BlindAI.Attestation.Tests;

/// <summary>Asserts on codes: they, not the texts, are the contract.</summary>
internal static class Rejections
{
    public static void AssertCode(RejectionCode expected, Action action) =>
        Assert.Equal(expected, Assert.Throws<AttestationException>(action).Code);
}
