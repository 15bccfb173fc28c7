using System.Text.Json;
using BlindAI.Client;
using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>The module for browsers: its own tests, and sealed requests of Node and Chromium to a real server.</summary>
public sealed class JavaScriptTests(StrictServer server) : IClassFixture<StrictServer>
{
    // Key id, suite and encapsulated key; a length of 0, the padded message, a tag.
    private const int SealedRequestOf1024 = 7 + 65 + 1 + 1024 + 16;

    // The nonce of the answer; a length of 0, the padded message, a tag.
    private const int SealedAnswerOf1024 = 32 + 1 + 1024 + 16;

    [Fact]
    public async Task Node_TheModulesOwnTests_Pass()
    {
        await JavaScriptModule.RequireAsync();

        AssertPassed(await JavaScriptModule.NpmAsync("test"));
    }

    [Fact]
    public async Task Chromium_TheModulesOwnTests_Pass()
    {
        await RequireChromiumAsync();

        AssertPassed(await JavaScriptModule.NpmAsync("run", "test:chromium"));
    }

    [Fact]
    public async Task Node_EverythingWithARealServer_IsAnsweredOrRefused()
    {
        await JavaScriptModule.RequireAsync();

        await AssertEverythingAsync("test/e2e.mjs");
    }

    [Fact]
    public async Task Chromium_EverythingFromAnotherOrigin_IsAnsweredOrRefused()
    {
        await RequireChromiumAsync();

        await AssertEverythingAsync("test/browser.mjs");
    }

    [Fact]
    public async Task LockFile_OfThePackages_NamesNoRegistry()
    {
        var locked = await File.ReadAllTextAsync(RepositoryRoot.Combine("sdk", "js", "package-lock.json"), TestContext.Current.CancellationToken);

        Assert.DoesNotContain("://", locked, StringComparison.Ordinal);
        Assert.Contains("\"integrity\": \"sha512-", locked, StringComparison.Ordinal);
    }

    private static async Task RequireChromiumAsync()
    {
        await JavaScriptModule.RequireAsync();
        Requirements.RequireProgram("chromium", "chromium");
    }

    private static void AssertPassed(ProgramRun run) => Assert.True(run.ExitCode == 0, run.Output + run.Error);

    private static string[] Texts(JsonElement parent, params string[] names) => [.. names.Select(name => parent.GetProperty(name).ToString())];

    private async Task AssertEverythingAsync(string script)
    {
        var parameters = $$"""{"url":"{{server.Server.Url}}","service":"localhost","sha256":"{{await KeysDigestAsync()}}","widen":"{{Convert.ToBase64String(TestModels.Widen)}}"}""";

        var run = await JavaScriptModule.RunAsync(script, "everything", parameters);

        AssertPassed(run);
        var report = JsonDocument.Parse(run.Output).RootElement;
        Assert.StartsWith("http://127.0.0.1:", report.GetProperty("origin").GetString(), StringComparison.Ordinal);
        Assert.NotEqual(server.Server.Url, new Uri(report.GetProperty("origin").GetString()!));
        Assert.Equal("[1,3]", report.GetProperty("outputs")[0].GetProperty("data").GetRawText());
        Assert.Equal("[1,3]", report.GetProperty("withoutPadding")[0].GetProperty("data").GetRawText());
        Assert.Equal($"[[{SealedRequestOf1024},{SealedAnswerOf1024}],[{SealedRequestOf1024},{SealedAnswerOf1024}]]", report.GetProperty("lengths").GetRawText());
        Assert.True(report.GetProperty("largeRequest").GetProperty("isRight").GetBoolean());
        Assert.InRange(report.GetProperty("largeRequest").GetProperty("sent").GetInt32(), 256 * 1024, 1024 * 1024);
        Assert.Equal(["201", "100000", "True", "200", "0"], Texts(report, "uploaded", "largeAnswer", "comesInPieces", "verified", "sentToOthers"));
        var refusals = report.GetProperty("refusals");
        Assert.Equal(
            ["ServingError 710", "ServingError 705", "ServingError 736", "736"], Texts(refusals, "missing", "dataMissing", "otherService", "pathWithin"));
        Assert.Equal(
            ["SealedRequestError key-unknown", "SealedRequestError unauthenticated", "SealedRequestError key-mismatch", "SealedRequestError key-mismatch"],
            Texts(refusals, "keyGone", "otherKey", "otherPin", "otherVerdict"));
    }

    // As a page's author gets it: from evidence that he verified.
    private async Task<string> KeysDigestAsync()
    {
        await using var client = await BlindAIClient.ConnectAsync(server.Server.Url, Policies.For(server.Server), cancellationToken: TestContext.Current.CancellationToken);
        var digest = client.Enclave.Claims.SealedRequestKeys;
        Assert.NotNull(digest);
        return digest.ToString()!;
    }
}
