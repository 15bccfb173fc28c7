namespace BlindAI.EndToEnd.Tests;

/// <summary>The short form of the load test; <c>BlindAI.Bench --load</c> is the long one.</summary>
public sealed class LoadTests
{
    [Fact]
    public async Task Load_MixedModelsUploadsAndDeadCallers_EveryAnswerIsItsOwn()
    {
        var run = await ProgramRun.StartAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, "BlindAI.Bench.dll"), "--load", "--seconds", "10", "--connections", "16"]);

        TestContext.Current.TestOutputHelper?.WriteLine(run.Output);
        Assert.Equal((0, false), (run.ExitCode, run.Output.Contains("UNEXPECTED", StringComparison.Ordinal)));
        Assert.Contains("left over: nothing", run.Output, StringComparison.Ordinal);
    }
}
