namespace BlindAI.Cli.Tests.Commands;

public sealed class ModelsCommandTests
{
    private const string Simulation = "--dangerously-allow-simulation";

    [Fact]
    public async Task List_Models_IsATable()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering());

        var run = await CliRun.OfAsync("models", "list", "--url", server.Url, Simulation);

        Assert.Equal(new CliRun(0, $"""
            NAME   VERSIONS  STATE  SIZE     DURABILITY  DIGEST
            adder  1,2       READY  2.0 KiB  memory      {ModelServer.Digest}

            """, ""), run);
    }

    [Fact]
    public async Task List_Json_IsTheServersAnswer()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering());

        var json = (await CliRun.OfAsync("models", "list", "--url", server.Url, Simulation, "--json")).ReadJson();

        Assert.Equal("adder", json.GetProperty("models")[0].GetString());
        Assert.Equal(2048, json.GetProperty("details")[0].GetProperty("size").GetInt32());
    }

    [Fact]
    public async Task Show_Model_NamesItsTensors()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering());

        var run = await CliRun.OfAsync("models", "show", "adder", "--version", "2", "--url", server.Url, Simulation);

        Assert.Equal(0, run.Exit);
        Assert.StartsWith("adder version 2 (versions: 1, 2)\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("x FP32[-1,2]\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("scale FP32[1] (optional)\n", run.Out, StringComparison.Ordinal);
        Assert.Contains($"  runs as   dynamic-int8-1 (sha256 {new string('2', 64)}, 13 matrices)\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("  accuracy  on 8 made-up inputs: largest difference 1.25e-2, relative RMS 4.6e-4\n", run.Out, StringComparison.Ordinal);
        Assert.Contains(ModelServer.Digest, run.Out, StringComparison.Ordinal);
        Assert.Equal(["GET /v2/models/adder/versions/2"], server.Requests);
    }

    [Fact]
    public async Task Show_UnknownModel_Exits50WithTheServersCodeAndAHint()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering());

        var run = await CliRun.OfAsync("models", "show", "missing", "--url", server.Url, Simulation);

        Assert.Equal(new CliRun(50, "", "error 710 ModelNotFound: No such model.\nhint: `blindai models list` shows the models that are there.\n"), run);
    }

    [Fact]
    public async Task Upload_File_SendsTheOptionsAndPrintsTheAnswer()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering());
        using var folder = new TemporaryFolder();
        var path = folder.Write("model.onnx", "model");
        string[] upload = ["models", "upload", path, "--name", "adder", "--url", server.Url, Simulation];

        var text = await CliRun.OfAsync([.. upload, "--version", "3", "--persist", "false", "--no-load", "--ttl", "2h"]);
        var json = await CliRun.OfAsync([.. upload, "--json"]);
        var digest = (await CliRun.OfAsync("digest", path)).Out.TrimEnd();

        Assert.Equal((0, ""), (text.Exit, text.Error));
        Assert.Contains("uploaded adder version 3, 5 B", text.Out, StringComparison.Ordinal);
        Assert.Contains("durability  memory", text.Out, StringComparison.Ordinal);
        Assert.Contains(digest, text.Out, StringComparison.Ordinal);
        Assert.Equal(["PUT /v2/models/adder/versions/3?load=false&persist=false&ttl=7200", "PUT /v2/models/adder?load=true"], server.Requests);
        Assert.Equal(digest, json.ReadJson().GetProperty("digest").GetString());
        Assert.Equal("memory", json.ReadJson().GetProperty("durability").GetString());
    }

    [Fact]
    public async Task Upload_Int8_IsAskedForAndNamed()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering());
        using var folder = new TemporaryFolder();
        string[] upload = ["models", "upload", folder.Write("model.onnx", "model"), "--name", "adder", "--url", server.Url, Simulation];

        var text = await CliRun.OfAsync([.. upload, "--precision", "int8"]);
        var json = await CliRun.OfAsync([.. upload, "--precision", "int8", "--json"]);
        var plain = await CliRun.OfAsync([.. upload, "--precision", "as-uploaded"]);
        var wrong = await CliRun.OfAsync([.. upload, "--precision", "int4"]);

        Assert.Contains("runs as   dynamic-int8-1", text.Out, StringComparison.Ordinal);
        Assert.Contains("accuracy  not measured", text.Out, StringComparison.Ordinal);
        Assert.Equal(13, json.ReadJson().GetProperty("derived").GetProperty("matrices").GetInt32());
        Assert.DoesNotContain("runs as", plain.Out, StringComparison.Ordinal);
        Assert.Equal((2, ""), (wrong.Exit, wrong.Out));
        Assert.Equal(["PUT /v2/models/adder?load=true&precision=int8", "PUT /v2/models/adder?load=true&precision=int8", "PUT /v2/models/adder?load=true"], server.Requests);
    }

    [Fact]
    public async Task Upload_OnATerminal_DrawsProgressOnStandardError()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering());
        using var folder = new TemporaryFolder();
        using var output = new StringWriter();
        using var error = new StringWriter();
        var host = new CliHost { Out = output, Error = error, IsErrorTerminal = true };

        var exit = await BlindAICommand.RunAsync(["models", "upload", folder.Write("model.onnx", "model"), "--name", "adder", "--url", server.Url, Simulation, "--channel", "pinned", "--json"], host, TestContext.Current.CancellationToken);

        Assert.Equal(0, exit);
        Assert.Contains("uploading 5 B of 5 B (100%)", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("uploading", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_NothingThere_ContactsNobody()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering());

        var run = await CliRun.OfAsync("models", "upload", "no-such-model.onnx", "--name", "adder", "--url", server.Url, Simulation);

        Assert.Equal((2, ""), (run.Exit, run.Out));
        Assert.Contains("no-such-model.onnx does not exist", run.Error, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("stats")]
    [InlineData("../other")]
    public async Task Delete_InvalidName_Exits50(string name)
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering());

        var run = await CliRun.OfAsync("models", "delete", name, "--url", server.Url, Simulation);

        Assert.Equal(50, run.Exit);
        Assert.StartsWith("error 711 NameInvalid: ", run.Error, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Delete_Version_SaysWhatIsGone()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering());

        var text = await CliRun.OfAsync("models", "delete", "adder", "--version", "2", "--url", server.Url, Simulation);
        var json = await CliRun.OfAsync("models", "delete", "adder", "--url", server.Url, Simulation, "--json");

        Assert.Equal(new CliRun(0, "deleted version 2 of adder\n", ""), text);
        Assert.Equal("adder", json.ReadJson().GetProperty("deleted").GetString());
        Assert.Equal(["DELETE /v2/models/adder/versions/2", "DELETE /v2/models/adder"], server.Requests);
    }
}
