namespace BlindAI.Protocol.Tests;

/// <summary>Asserts on codes: they, not the texts, are the contract.</summary>
internal static class Refusals
{
    public static void AssertCode(ServingCode expected, Action action) =>
        Assert.Equal(expected, Assert.Throws<ServingException>(action).Code);

    public static async Task AssertCodeAsync(ServingCode expected, Func<Task> action) =>
        Assert.Equal(expected, (await Assert.ThrowsAsync<ServingException>(action)).Code);
}
