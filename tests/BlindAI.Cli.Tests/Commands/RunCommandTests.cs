using System.Text.Json;
using BlindAI.Cli.Tensors;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Cli.Tests.Commands;

public sealed class RunCommandTests
{
    private const string Simulation = "--dangerously-allow-simulation";

    private static readonly NamedTensor Y = new("y", Tensor.From([1.5f, -2f], 1, 2));

    [Fact]
    public async Task Run_Json_HasModelDigestAndData()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering(Y, new("label", Tensor.FromStrings(["gut"]))));

        var json = (await CliRun.OfAsync("run", "adder", "--input", "x=[[1, 2]]", "--url", server.Url, Simulation, "--json")).ReadJson();

        Assert.Equal(("adder", "2", ModelServer.Digest), (json.GetProperty("model").GetString(), json.GetProperty("version").GetString(), json.GetProperty("digest").GetString()));
        var outputs = json.GetProperty("outputs");
        Assert.Equal(("y", "FP32"), (outputs[0].GetProperty("name").GetString(), outputs[0].GetProperty("datatype").GetString()));
        Assert.Equal([1L, 2L], outputs[0].GetProperty("shape").EnumerateArray().Select(item => item.GetInt64()));
        Assert.Equal([1.5f, -2f], outputs[0].GetProperty("data").EnumerateArray().Select(item => item.GetSingle()));
        Assert.Equal("gut", outputs[1].GetProperty("data")[0].GetString());
        Assert.Equal(["GET /v2/models/adder", "POST /v2/models/adder/infer"], server.Requests);
    }

    [Theory]
    [InlineData("run", "adder")]
    [InlineData("run", "adder", "--json")]
    [InlineData("models", "list")]
    [InlineData("models", "delete", "adder")]
    public async Task AnyCommand_OnASimulation_IsMarkedAsSimulation(params string[] command)
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering(Y));

        var run = await CliRun.OfAsync([.. command, "--url", server.Url, Simulation]);

        Assert.True(run.IsMarked.IsThere);
    }

    [Fact]
    public async Task Run_Text_ShowsShapesAndFirstValues()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering(Y, new("long", Tensor.From(new long[1000]))));

        var run = await CliRun.OfAsync("run", "adder", "--url", server.Url, Simulation);

        Assert.Equal(new CliRun(0, $"""
            adder version 2 ({ModelServer.Digest})
            y FP32[1,2]: 1.5, -2
            long INT64[1000]: 0, 0, 0, 0, 0, 0, 0, 0, … 992 more

            """, ""), run);
    }

    [Fact]
    public async Task Run_NpyInput_NeedsNoMetadata()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering(Y));
        using var folder = new TemporaryFolder();
        var file = folder.Write("x.npy", NpyFile.Encode(Y.Tensor));

        var run = await CliRun.OfAsync("run", "adder", "--version", "2", "--input", $"x={file}", "--output", "y", "--url", server.Url, Simulation);

        Assert.Equal(0, run.Exit);
        Assert.Equal(["POST /v2/models/adder/versions/2/infer"], server.Requests);
    }

    [Fact]
    public async Task Run_OutputFolder_WritesNpyFilesInsideItOnly()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering(Y, new("../../y", Tensor.From([float.NaN]))));
        using var folder = new TemporaryFolder();
        string[] run = ["run", "adder", "--output-dir", folder.PathOf("out"), "--url", server.Url, Simulation, "--json"];

        var first = await CliRun.OfAsync(run);
        var again = await CliRun.OfAsync(run);
        var forced = await CliRun.OfAsync([.. run, "--force"]);

        Assert.Equal((0, 2, 0), (first.Exit, again.Exit, forced.Exit));
        Assert.Equal(["_.._.._y.npy", "y.npy"], Directory.EnumerateFiles(folder.PathOf("out")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var outputs = first.ReadJson().GetProperty("outputs");
        Assert.Equal(folder.PathOf("out/y.npy"), outputs[0].GetProperty("file").GetString());
        Assert.Equal(JsonValueKind.Null, outputs[1].GetProperty("data").ValueKind);
        Assert.Equal(Y.Tensor.Data.ToArray(), NpyFile.Read(await File.ReadAllBytesAsync(folder.PathOf("out/y.npy"), TestContext.Current.CancellationToken)).Data.ToArray());
    }

    [Fact]
    public async Task Run_NotANumberInJson_Exits50AndPrintsNoPartOfIt()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering(Y, new("z", Tensor.From([float.NaN]))));

        var run = await CliRun.OfAsync("run", "adder", "--url", server.Url, Simulation, "--json");

        Assert.Equal((50, 709), (run.Exit, run.ReadJson().GetProperty("error").GetProperty("code").GetInt32()));
        Assert.Contains("--output-dir", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x=[NaN]", 709)]
    [InlineData("x=[1, ", 701)]
    [InlineData("x=[[1, \"two\"]]", 705)]
    [InlineData("x=[1, 2, 3]", 705)]
    [InlineData("other=[1]", 706)]
    [InlineData("x={\"datatype\": \"FP99\", \"shape\": [1], \"data\": [1]}", 703)]
    public async Task Run_WrongInput_Exits50AndSendsNothing(string input, int code)
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering(Y));

        var run = await CliRun.OfAsync("run", "adder", "--input", input, "--url", server.Url, Simulation, "--json");

        Assert.Equal((50, code), (run.Exit, run.ReadJson().GetProperty("error").GetProperty("code").GetInt32()));
        Assert.DoesNotContain("POST /v2/models/adder/infer", server.Requests);
    }

    [Fact]
    public async Task Run_BrokenJsonFile_NamesTheInput()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering(Y));
        using var folder = new TemporaryFolder();

        var run = await CliRun.OfAsync("run", "adder", "--input", $"x={folder.Write("x.json", "[[0,1")}", "--url", server.Url, Simulation);

        Assert.Equal((50, ""), (run.Exit, run.Out));
        Assert.StartsWith("error 701 RequestMalformed: Input \"x\" is not well-formed JSON at line 1", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_MissingInputFile_Exits2()
    {
        await using var server = await SimulatedServer.StartAsync(ModelServer.Answering(Y));

        Assert.Equal(2, (await CliRun.OfAsync("run", "adder", "--input", "x=no-such-file.npy", "--url", server.Url, Simulation)).Exit);
    }
}
