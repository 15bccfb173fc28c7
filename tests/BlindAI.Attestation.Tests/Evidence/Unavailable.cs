namespace BlindAI.Attestation.Tests.Evidence;

/// <summary>Asserts that an attester said "no evidence" (601) and why.</summary>
internal static class Unavailable
{
    public static async Task AssertAsync(string reason, Func<Task> action)
    {
        var exception = await Assert.ThrowsAsync<AttestationException>(action);
        Assert.Equal(RejectionCode.EvidenceUnavailable, exception.Code);
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    public static void AssertNow(string reason, Action action)
    {
        var exception = Assert.Throws<AttestationException>(action);
        Assert.Equal(RejectionCode.EvidenceUnavailable, exception.Code);
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }
}
