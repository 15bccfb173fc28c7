using BlindAI.Cli;
using BlindAI.Examples.Quickstart;
using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>The blindai command as a person uses it: readable scripts against a real server.</summary>
public sealed class CommandLineTests : IDisposable
{
    // expect CODE TEXT COMMAND...: runs the command, and compares its exit code and what it says.
    private const string Prelude = """
        set -eu
        blindai() { dotnet "$BLINDAI_PROGRAM" "$@"; }
        expect() {
          local code=$1 text=$2; shift 2
          local said actual=0
          said=$("$@" 2>&1) || actual=$?
          if [ "$actual" -ne "$code" ] || ! printf '%s' "$said" | grep -q -e "$text"; then
            printf 'expected exit %s and "%s" from: %s\nexit %s, said:\n%s\n' "$code" "$text" "$*" "$actual" "$said" >&2
            exit 99
          fi
        }

        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("blindai-cli-").FullName;

    [Theory]
    [InlineData(null)]
    [InlineData("pinned")]
    [InlineData("sealed")]
    public async Task Walkthrough_AgainstASimulation_GoesAsTheManualSays(string? channel)
    {
        await using var server = await SimulationServer.StartAsync();
        var script = await File.ReadAllTextAsync(RepositoryRoot.Combine("tests", "BlindAI.EndToEnd.Tests", "scripts", "walkthrough.sh"), TestContext.Current.CancellationToken);

        var run = await ProgramRun.StartAsync("bash", ["-c", Prelude + script], environment: new Dictionary<string, string?>
        {
            ["BLINDAI_PROGRAM"] = typeof(BlindAICommand).Assembly.Location,
            ["BLINDAI_CHANNEL"] = channel,
            ["BLINDAI_URL"] = server.Url.ToString(),
            ["MODEL"] = Path.Combine(AppContext.BaseDirectory, "credit-forest.onnx"),
            ["WORK"] = _folder,
        });

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
