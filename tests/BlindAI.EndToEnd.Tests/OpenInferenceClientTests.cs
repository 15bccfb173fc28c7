using System.Globalization;
using System.Text.Json;
using BlindAI.OnnxWriter;
using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Clients that know the public protocol and nothing of this server.</summary>
public sealed class OpenInferenceClientTests(StrictServer server) : IClassFixture<StrictServer>
{
    // The client prints the names of what it checked: fewer would mean that it no longer does.
    private const int Checks = 23;

    [Fact]
    public async Task OpenInferenceClient_EveryCheck_Passes()
    {
        await Requirements.RequireNumpyAsync();

        await AssertClientPassesAsync(server);
    }

    /// <summary>Runs the foreign client against a server.</summary>
    internal static async Task AssertClientPassesAsync(StrictServer server)
    {
        foreach (var (name, model) in new[] { ("fp32", TestModels.Identity(OnnxType.Float)), ("int64", TestModels.Identity(OnnxType.Int64)), ("strings", TestModels.Identity(OnnxType.String)) })
        {
            Assert.Equal(201, (await server.UploadAsync(name, model)).Status);
        }

        var url = server.Server.Url;
        var run = await ProgramRun.StartAsync(Requirements.Python,
            [RepositoryRoot.Combine("tests", "BlindAI.EndToEnd.Tests", "oip_client.py"), url.Host, url.Port.ToString(CultureInfo.InvariantCulture), "fp32", "int64", "strings", "good"]);

        Assert.True(run.Output.StartsWith('{'), run.Error);
        using var summary = JsonDocument.Parse(run.Output);
        Assert.Equal("{}", summary.RootElement.GetProperty("failed").GetRawText());
        Assert.Equal(Checks, summary.RootElement.GetProperty("passed").GetArrayLength());
        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public async Task Curl_HealthMetadataAndInference_AreAnswered()
    {
        Requirements.RequireProgram("curl", "curl");

        Assert.Equal("""{"live":true}""", await CurlAsync("/v2/health/live"));
        Assert.Equal("""{"ready":true}""", await CurlAsync("/v2/health/ready"));
        using var metadata = JsonDocument.Parse(await CurlAsync("/v2/models/good"));
        Assert.Equal("good", metadata.RootElement.GetProperty("name").GetString());

        // As curl sends it: with the content type of a form.
        using var answer = JsonDocument.Parse(await CurlAsync("/v2/models/good/infer", "-d", StrictServer.GoodRequest));
        Assert.Equal("[4,6]", answer.RootElement.GetProperty("outputs")[0].GetProperty("data").GetRawText());
    }

    [Fact]
    public async Task Curl_FileUploadAndDeletion_AreAnswered()
    {
        Requirements.RequireProgram("curl", "curl");
        var file = Path.Combine(Directory.CreateTempSubdirectory().FullName, "sum.onnx");
        await File.WriteAllBytesAsync(file, TestModels.Sum, TestContext.Current.CancellationToken);

        using var uploaded = JsonDocument.Parse(await CurlAsync("/v2/models/curled", "-T", file, "-H", "Content-Type: application/onnx"));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(TestModels.Sum)), uploaded.RootElement.GetProperty("sha256").GetString());
        Assert.Empty(await CurlAsync("/v2/models/curled", "-X", "DELETE"));
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    private async Task<string> CurlAsync(string path, params string[] options)
    {
        var run = await ProgramRun.StartAsync("curl", ["-sS", "-k", "--fail-with-body", "--max-time", "60", .. options, new Uri(server.Server.Url, path).ToString()]);
        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        return run.Output;
    }
}
