using BlindAI.Examples.Quickstart;

namespace BlindAI.EndToEnd.Tests;

public sealed class QuickstartTests
{
    [Fact]
    public async Task Quickstart_Run_ScoresApplicantsAndRefusesFourAttacks()
    {
        var run = await ProgramRun.StartAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, $"{typeof(SimulationServer).Assembly.GetName().Name}.dll")]);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("digest sha256:", run.Output, StringComparison.Ordinal);
        Assert.Equal(8, run.Output.Split("risk of a bad credit").Length - 1);
        foreach (var refusal in new[] { "code 403", "code 401", "code 506", "code 718" })
        {
            Assert.Contains(refusal, run.Output, StringComparison.Ordinal);
        }
    }
}
