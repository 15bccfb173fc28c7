using System.Text.RegularExpressions;
using BlindAI.Examples.Quickstart;
using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Every snippet of the README is run, with another port and folder than it shows.</summary>
public sealed partial class ReadmeTests : IDisposable
{
    private static readonly string[] RunElsewhere =
    [
        "dotnet run --project examples/Quickstart",                     // QuickstartTests
        "dotnet run --project src/BlindAI.Server -- --simulation",      // the server of this test
        "eng/test",                                                     // what runs this test
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("blindai-readme-").FullName;

    private static string Readme { get; } = File.ReadAllText(RepositoryRoot.Combine("README.md"));

    private string PolicyFile => Path.Combine(_folder, "policy.json");

    [Fact]
    public async Task Snippets_RunInOrder_AllSucceed()
    {
        await using var server = await SimulationServer.StartAsync();
        var scripts = Snippets("bash").Where(snippet => !RunElsewhere.Contains(snippet)).ToList();
        Assert.NotEmpty(scripts);
        foreach (var script in scripts)
        {
            var run = await ProgramRun.StartAsync("bash", ["-euc", Here(script, server.Url)], RepositoryRoot.Path);
            Assert.True(run.ExitCode == 0, $"{script}\n{run.Output}{run.Error}");
            Assert.DoesNotContain("\"error\"", run.Output, StringComparison.Ordinal);
        }

        // The C# session is an example of its own, which the build has compiled.
        File.Copy(Path.Combine(AppContext.BaseDirectory, "credit-forest.onnx"), Directory.CreateDirectory(Path.Combine(_folder, "examples", "Quickstart")).FullName + "/credit-forest.onnx");
        var session = await ProgramRun.StartAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, "Session.dll"), server.Url.ToString()], _folder);
        Assert.True(session.ExitCode == 0, session.Error);
        Assert.Matches("^probability of a bad credit: 0\\.[0-9]{3}$", session.Output.Trim());
    }

    [Fact]
    public void Session_OfTheReadme_IsTheExample() =>
        Assert.Equal(File.ReadAllText(RepositoryRoot.Combine("examples", "Session", "Program.cs")).Trim(), Assert.Single(Snippets("csharp")));

    [Fact]
    public void Snippets_RunElsewhere_StandInTheReadme() => Assert.Subset(Snippets("bash").ToHashSet(), RunElsewhere.ToHashSet());

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Here(string script, Uri server) => script
        .Replace("https://localhost:8443", $"https://localhost:{server.Port}", StringComparison.Ordinal)
        .Replace("policy.json", PolicyFile, StringComparison.Ordinal)
        .Replace("dotnet run --project", "dotnet run --no-build --project", StringComparison.Ordinal);

    private static List<string> Snippets(string language) =>
        [.. Fence().Matches(Readme).Where(match => match.Groups["language"].Value == language).Select(match => match.Groups["text"].Value.Trim())];

    [GeneratedRegex("^```(?<language>[a-z]+)\\n(?<text>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
