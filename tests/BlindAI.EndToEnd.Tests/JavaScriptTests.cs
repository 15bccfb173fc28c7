using System.Text.Json;
using BlindAI.Client;
using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>The module for browsers: its own tests, and sealed requests of Node and Chromium to a real server.</summary>
public sealed class JavaScriptTests(StrictServer server) : IClassFixture<StrictServer>
{
    private const string Service = "localhost";

    private static readonly string Inputs = JsonDocument.Parse(StrictServer.GoodRequest).RootElement.GetProperty("inputs").GetRawText();

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
    public async Task Node_SealedInference_IsAnswered()
    {
        await JavaScriptModule.RequireAsync();

        var run = await JavaScriptModule.RunAsync("test/e2e.mjs", server.Server.Url.ToString(), Service, await KeysDigestAsync(), "good", Inputs);

        AssertPassed(run);
        AssertSum(JsonDocument.Parse(run.Output).RootElement);
    }

    [Fact]
    public async Task Node_KeysOtherThanPinned_SendsNothing()
    {
        await JavaScriptModule.RequireAsync();
        await KeysDigestAsync();

        var run = await JavaScriptModule.RunAsync("test/e2e.mjs", server.Server.Url.ToString(), Service, new string('0', 64), "good", Inputs);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("key-mismatch", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_AnotherService_IsRefusedInsideTheSealedAnswer()
    {
        await JavaScriptModule.RequireAsync();

        var run = await JavaScriptModule.RunAsync("test/e2e.mjs", server.Server.Url.ToString(), "other.example", await KeysDigestAsync(), "good", Inputs);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("ServingError", run.Error, StringComparison.Ordinal);
        Assert.Contains("code: 736", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chromium_SealedInferenceFromAnotherOrigin_IsAnswered()
    {
        await RequireChromiumAsync();

        var run = await JavaScriptModule.RunAsync("test/browser.mjs", server.Server.Url.ToString(), Service, await KeysDigestAsync(), "good", Inputs);

        AssertPassed(run);
        var outcome = JsonDocument.Parse(run.Output).RootElement;
        Assert.True(outcome.GetProperty("knownAnswers").GetBoolean());
        Assert.StartsWith("http://127.0.0.1:", outcome.GetProperty("origin").GetString(), StringComparison.Ordinal);
        AssertSum(outcome.GetProperty("outputs"));
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

    private static void AssertSum(JsonElement outputs) => Assert.Equal("[4,6]", outputs[0].GetProperty("data").GetRawText());

    // As a page's author gets it: from evidence that he verified.
    private async Task<string> KeysDigestAsync()
    {
        await using var client = await BlindAIClient.ConnectAsync(server.Server.Url, Policies.For(server.Server), cancellationToken: TestContext.Current.CancellationToken);
        var digest = client.Enclave.Claims.SealedRequestKeys;
        Requirements.Require(digest is not null, "This server offers no sealed requests.");
        return digest!.ToString();
    }
}
