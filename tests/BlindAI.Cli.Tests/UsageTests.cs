namespace BlindAI.Cli.Tests;

public sealed class UsageTests
{
    private const string Server = "https://127.0.0.1:1";

    private const string Simulation = "--dangerously-allow-simulation";

    [Theory]
    [InlineData]
    [InlineData("unknown")]
    [InlineData("models")]
    [InlineData("models", "show")]
    [InlineData("models", "list", "--unknown")]
    [InlineData("models", "list", "--url")]
    [InlineData("models", "list", Simulation)]
    [InlineData("models", "list", "--url", "http://127.0.0.1:1", Simulation)]
    [InlineData("models", "list", "--url", "https://127.0.0.1:1/v2", Simulation)]
    [InlineData("models", "list", "--url", "https://user@127.0.0.1:1", Simulation)]
    [InlineData("models", "list", "--url", "127.0.0.1:1", Simulation)]
    [InlineData("models", "list", "--url", Server)]
    [InlineData("models", "list", "--url", Server, "--policy", "no-such-file.json")]
    [InlineData("models", "list", "--url", Server, "--policy", "no-such-file.json", Simulation)]
    [InlineData("models", "delete", "m", "--version", "0", "--url", Server, Simulation)]
    [InlineData("models", "upload", "m.onnx", "--url", Server, Simulation)]
    [InlineData("models", "upload", "m.onnx", "--name", "m", "--persist", "--url", Server, Simulation)]
    [InlineData("models", "upload", "m.onnx", "--name", "m", "--persist", "maybe", "--url", Server, Simulation)]
    [InlineData("models", "upload", "m.onnx", "--name", "m", "--ttl", "0s", "--url", Server, Simulation)]
    [InlineData("models", "upload", "m.onnx", "--name", "m", "--ttl", "46d", "--url", Server, Simulation)]
    [InlineData("models", "upload", "m.onnx", "--name", "m", "--ttl", "9999999d", "--url", Server, Simulation)]
    [InlineData("run", "m", "--url", Server)]
    [InlineData("run", "m", "--input", "x", "--url", Server, Simulation)]
    [InlineData("run", "m", "--input", "=[1]", "--url", Server, Simulation)]
    [InlineData("run", "m", "--input", "x=1", "--url", Server, Simulation)]
    [InlineData("run", "m", "--input", "x=file.bin", "--url", Server, Simulation)]
    [InlineData("run", "m", "--input", "x=[1]", "--input", "x=[2]", "--url", Server, Simulation)]
    [InlineData("bench", "m", "--url", Server)]
    [InlineData("bench", "m", "--concurrency", "0", "--url", Server, Simulation)]
    [InlineData("bench", "m", "--concurrency", "1.5", "--url", Server, Simulation)]
    [InlineData("bench", "m", "--duration", "0", "--url", Server, Simulation)]
    [InlineData("bench", "m", "--duration", "-1", "--url", Server, Simulation)]
    [InlineData("bench", "m", "--duration", "NaN", "--url", Server, Simulation)]
    [InlineData("bench", "m", "--duration", "1", "--requests", "1", "--url", Server, Simulation)]
    [InlineData("bench", "m", "--rate", "0", "--url", Server, Simulation)]
    [InlineData("bench", "m", "--shape", "x", "--url", Server, Simulation)]
    [InlineData("bench", "m", "--input", "x=1", "--url", Server, Simulation)]
    [InlineData("digest")]
    [InlineData("digest", "path", "--configuration", "file")]
    [InlineData("digest", "--configuration", "no-such-file.json")]
    [InlineData("digest", "path", "--url", Server)]
    [InlineData("policy", "check")]
    [InlineData("policy", "check", "policy.json", Simulation)]
    [InlineData("policy", "check", "policy.json", "--policy", "policy.json")]
    [InlineData("policy", "check", "policy.json", "--namespace", "n")]
    [InlineData("policy", "check", "no-such-file.json")]
    [InlineData("policy", "check", "@no-such-file")]
    public async Task Run_WrongArguments_Exits2WithAHint(params string[] arguments)
    {
        var run = await CliRun.OfAsync(arguments);

        Assert.Equal((2, ""), (run.Exit, run.Out));
        Assert.StartsWith("error: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WrongArgumentsWithJson_AnswersAnErrorObject()
    {
        var error = (await CliRun.OfAsync("models", "list", "--url", Server, "--json")).ReadJson().GetProperty("error");

        Assert.Equal(System.Text.Json.JsonValueKind.Null, error.GetProperty("code").ValueKind);
        Assert.Equal("Usage", error.GetProperty("name").GetString());
        Assert.Contains("--policy", error.GetProperty("hint").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_SimulationFlagBesideThePolicyVariable_Exits2()
    {
        var run = await CliRun.OfAsync(name => name == CommonOptions.PolicyVariable ? "policy.json" : null, "models", "list", "--url", Server, Simulation);

        Assert.Equal(2, run.Exit);
        Assert.Contains(CommonOptions.PolicyVariable, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("attest")]
    [InlineData("models", "list")]
    [InlineData("run", "m", "--input", "x=[1]")]
    public async Task Run_ClosedPort_Exits40(params string[] command)
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var url = $"https://{listener.LocalEndpoint}";
        listener.Stop();

        var run = await CliRun.OfAsync(name => name == CommonOptions.UrlVariable ? url : null, [.. command, Simulation]);

        Assert.Equal((40, ""), (run.Exit, run.Out));
        Assert.StartsWith("error 601 EvidenceUnavailable: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("hint: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_InterruptedBeforeTheAnswer_Exits130()
    {
        using var interrupted = new CancellationTokenSource();
        await interrupted.CancelAsync();
        using var error = new StringWriter();

        var exit = await BlindAICommand.RunAsync(["models", "list", "--url", Server, Simulation], new CliHost { Out = TextWriter.Null, Error = error }, interrupted.Token);

        Assert.Equal(130, exit);
        Assert.Equal("error: Interrupted.\n", error.ToString());
    }
}
