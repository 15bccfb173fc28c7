using System.Text.Json;
using BlindAI.Testing;

namespace BlindAI.Cli.Tests.Commands;

public sealed class PolicyCommandTests
{
    private const string SimulationPolicy = """
        {
          "version": 1, "validUntil": "2020-01-01T00:00:00Z", "service": "localhost", "machines": "any",
          "dangerouslyAnyConfiguration": true, "accept": [{ "tee": "simulation", "key": "any" }], "otherModels": "allow",
        }
        """;

    public static TheoryData<string> Vectors => [.. Directory.EnumerateDirectories(RepositoryRoot.Combine("vectors", "policy")).Select(folder => Path.GetFileName(folder))];

    [Theory]
    [MemberData(nameof(Vectors))]
    public async Task Check_Vector_AnswersItsCode(string name)
    {
        var folder = RepositoryRoot.Combine("vectors", "policy", name);
        using var vector = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "case.json"), TestContext.Current.CancellationToken));
        var expect = vector.RootElement.GetProperty("expect");

        var run = await CliRun.OfAsync("policy", "check", Path.Combine(folder, "policy.json"), "--json");

        if (expect.GetProperty("result").GetString() == "valid")
        {
            Assert.Equal(0, run.Exit);
            Assert.True(run.ReadJson().GetProperty("valid").GetBoolean());
            return;
        }

        var error = run.ReadJson().GetProperty("error");
        var code = expect.GetProperty("code").GetInt32();
        Assert.Equal((code, ExitCode.Of(code)), (error.GetProperty("code").GetInt32(), run.Exit));
        Assert.Contains(expect.GetProperty("path").GetString()!, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_ValidPolicy_GroupsItsSentences()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.OfAsync("policy", "check", folder.Write("policy.json", SimulationPolicy));

        Assert.Equal((0, ""), (run.Exit, run.Error));
        string[] groups = ["ACCEPTED\n", "\nCHECKED\n", "\nNOT CHECKED\n", "\nWARNINGS\n", "\npolicy digest "];
        var places = groups.Select(group => run.Out.IndexOf(group, StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
        Assert.Contains("The policy has ended", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_ValidPolicyWithJson_ListsItsSentences()
    {
        using var folder = new TemporaryFolder();

        var json = (await CliRun.OfAsync("policy", "check", folder.Write("policy.json", SimulationPolicy), "--json")).ReadJson();

        Assert.True(json.GetProperty("simulation").GetBoolean());
        var kinds = json.GetProperty("statements").EnumerateArray().Select(statement => statement.GetProperty("kind").GetString()).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(["accepts", "checked", "notChecked", "warning"], kinds);
    }
}
