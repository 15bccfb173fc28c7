using BlindAI.Examples.Quickstart;

namespace BlindAI.EndToEnd.Tests;

public sealed class QuickstartTests
{
    [Theory]
    [InlineData("", "code 403")]
    [InlineData("pinned", "code 403")]
    [InlineData("sealed", "code 407")]
    public async Task Quickstart_Run_ScoresApplicantsAndRefusesFourAttacks(string channel, string refusalOfTheManInTheMiddle)
    {
        var run = await ProgramRun.StartAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, $"{typeof(SimulationServer).Assembly.GetName().Name}.dll"), .. channel.Length == 0 ? (string[])[] : [channel]]);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("digest sha256:", run.Output, StringComparison.Ordinal);
        Assert.Equal(8, run.Output.Split("risk of a bad credit").Length - 1);
        foreach (var refusal in new[] { refusalOfTheManInTheMiddle, "code 401", "code 506", "code 718" })
        {
            Assert.Contains(refusal, run.Output, StringComparison.Ordinal);
        }
    }
}
