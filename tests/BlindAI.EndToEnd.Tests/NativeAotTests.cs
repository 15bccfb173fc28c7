using System.Diagnostics;
using System.Runtime.Versioning;
using BlindAI.Client;
using BlindAI.Examples.Quickstart;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

namespace BlindAI.EndToEnd.Tests;

/// <summary>The server as it ships, and what others on the machine can see of it.</summary>
[SupportedOSPlatform("linux")]
public sealed class NativeAotTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("blindai-native-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task NativeServer_WholeRound_IsServedAndStopsWithZero()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var server = await StartAsync();
        foreach (var channel in Enum.GetValues<ChannelMode>())
        {
            await using var client = await BlindAIClient.ConnectAsync(server.Url, Policies.For(server), new() { Channel = channel }, cancellation);
            await ServeRoundAsync(client);
        }

        Assert.Equal(0, await server.StopAsync());
    }

    private static async Task ServeRoundAsync(BlindAIClient client)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var uploaded = await client.UploadModelAsync("sum", new MemoryStream(TestModels.Sum), cancellationToken: cancellation);
        await client.UploadModelAsync("text", new MemoryStream(TestModels.Identity(OnnxType.String)), cancellationToken: cancellation);

        var sum = await client.RunAsync("sum", new Dictionary<string, Tensor> { ["a"] = Tensor.From([1f, 2f], 1, 2), ["b"] = Tensor.From([3f, 4f], 1, 2) }, cancellationToken: cancellation);
        var text = await client.RunAsync("text", new Dictionary<string, Tensor> { ["x"] = Tensor.FromStrings(["", "\u00e9"], 2) }, cancellationToken: cancellation);

        Assert.Equal([4f, 6f], sum["sum"].ToArray<float>());
        Assert.Equal(uploaded.Digest, sum.Digest?.Value);
        Assert.Equal(["", "\u00e9"], text["y"].ToStrings());
        Assert.Equal(["sum", "text"], (await client.ListModelsAsync(cancellation)).Models);
        await client.DeleteModelAsync("sum", cancellationToken: cancellation);
        await client.DeleteModelAsync("text", cancellationToken: cancellation);
        var refusal = await Assert.ThrowsAsync<ServingException>(() => client.GetModelAsync("sum", cancellationToken: cancellation));
        Assert.Equal(ServingCode.ModelNotFound, refusal.Code);
    }

    [Fact]
    public async Task NativeServer_BadModelsAndInputs_AreRefusedAndTheEngineSaysNothing()
    {
        await using var strict = new StrictServer([], program: await CopyAsync());
        await strict.InitializeAsync();

        (await strict.UploadAsync("bad", [1, 2, 3])).AssertRefusal(400, ServingCode.ModelInvalid);
        (await strict.UploadAsync("bad", new OnnxGraph("g").Node("Identity", ["nowhere"], ["y"]).Output("y", OnnxType.Float, 1).ToModel().Encode())).AssertRefusal(400, ServingCode.ModelInvalid);
        (await strict.UploadAsync("bad", new OnnxGraph("g").Input("x", OnnxType.Float, 1).Node("Levitate", ["x"], ["y"]).Output("y", OnnxType.Float, 1).ToModel().Encode())).AssertRefusal(400, ServingCode.ModelUnsupported);
        Assert.Equal(201, (await strict.UploadAsync("pick", TestModels.Pick)).Status);
        (await strict.InferAsync("""{"inputs":[{"name":"index","datatype":"INT64","shape":[1],"data":[424242]}]}""", "pick")).AssertRefusal(400, ServingCode.InferenceFailed);

        // ONNX Runtime would have logged the index, which is the caller's data.
        Assert.DoesNotContain(strict.Server.Log, line => line.Contains("424242", StringComparison.Ordinal) || line.Contains("onnxruntime", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(strict.Server.Log, line => line.Contains(" fail: ", StringComparison.Ordinal) || line.Contains(" crit: ", StringComparison.Ordinal));
        (await strict.SendAsync(HttpMethod.Delete, "/v2/models/pick")).AssertDone();
        await strict.AssertUnharmedAsync();
    }

    [Fact]
    public async Task NativeServer_OpenInferenceClient_PassesEveryCheck()
    {
        await Requirements.RequireNumpyAsync();
        await using var strict = new StrictServer([], program: await CopyAsync());
        await strict.InitializeAsync();

        await OpenInferenceClientTests.AssertClientPassesAsync(strict);
    }

    [Fact]
    public async Task NativeServer_GrpcClient_PassesEveryCheck()
    {
        await Requirements.RequireGrpcAsync();
        await using var strict = new StrictServer([$"--Limits:MaxRequestBytes={StrictServer.MaxBytes}"], program: await CopyAsync());
        await strict.InitializeAsync();

        await GrpcClientTests.AssertClientPassesAsync(strict);
    }

    [Fact]
    public async Task NativeServer_OutsideATee_RefusesToStartWithoutSimulation()
    {
        var run = await ProgramRun.StartAsync(await CopyAsync(), []);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--simulation", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task NativeServer_Served_HasNoDiagnosticsAndLeavesNoFile()
    {
        var temporary = Temporary();
        await using var server = await StartAsync(start => Redirect(start, temporary));

        await AssertLeavesNothingAsync(server, temporary);
    }

    [Fact]
    public async Task NativeServer_MemoryAndEnvironment_AreClosedToTheSameUser()
    {
        await using var server = await StartAsync();
        var proc = $"/proc/{server.ProcessId}";

        // A process of the same user that does nothing to itself can be read: what follows is the server's own doing.
        var plain = new ProcessStartInfo("cat") { RedirectStandardInput = true, RedirectStandardOutput = true };
        OutsideView.DropPrivileges(plain);
        using var control = Process.Start(plain)!;
        await control.StandardInput.WriteAsync('\n');
        await control.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        await control.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);             // it runs as that user by now
        Assert.Equal(0, (await OutsideView.RunAsSameUserAsync("cat", $"/proc/{control.Id}/environ")).ExitCode);
        control.StandardInput.Close();
        await control.WaitForExitAsync(TestContext.Current.CancellationToken);

        foreach (var file in new[] { "mem", "environ", "maps" })
        {
            Assert.Equal("0", (await ProgramRun.StartAsync("stat", ["-c", "%u", $"{proc}/{file}"])).Output.Trim());
            var read = await OutsideView.RunAsSameUserAsync("dd", $"if={proc}/{file}", "of=/dev/null", "bs=1", "count=1");
            Assert.NotEqual(0, read.ExitCode);
            Assert.Contains("Permission denied", read.Error, StringComparison.Ordinal);
        }

        OutsideView.AssertNoCore(server.ProcessId);
    }

    [Theory]
    [InlineData("ABRT")]
    [InlineData("SEGV")]
    [InlineData("QUIT")]
    public async Task NativeServer_Crash_LeavesNoFile(string signal)
    {
        var temporary = Temporary();
        await using var server = await StartAsync(start =>
        {
            start.WorkingDirectory = temporary;
            start.Environment["TMPDIR"] = temporary;
            start.Environment["DOTNET_DbgEnableMiniDump"] = "1";
        });
        using var process = Process.GetProcessById(server.ProcessId);

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(RawConnection.Limit);

        // The runtime takes the first SIGSEGV for a fault that will come again, and lets the second end the process.
        do
        {
            await ProgramRun.StartAsync("sh", ["-c", $"kill -{signal} {server.ProcessId}"]);
        }
        while (signal == "SEGV" && !process.HasExited && !limit.IsCancellationRequested);

        await process.WaitForExitAsync(limit.Token);

        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary));
    }

    [Fact]
    public async Task NativeServer_Memory_IsNeverWritableAndExecutable()
    {
        Requirements.Require(OutsideView.IsRoot, "The memory map of a process that forbids dumps is shown to root only: run the tests as root.");
        await using var strict = new StrictServer([], OutsideView.DropPrivileges, await CopyAsync());
        await strict.InitializeAsync();
        await strict.AssertUnharmedAsync();

        var mappings = await File.ReadAllLinesAsync($"/proc/{strict.Server.ProcessId}/maps", TestContext.Current.CancellationToken);

        Assert.Contains(mappings, mapping => mapping.Contains("libonnxruntime", StringComparison.Ordinal));
        Assert.DoesNotContain(mappings, mapping => mapping.Split(' ')[1] is ['r' or '-', 'w', 'x', ..]);
    }

    [Fact]
    public async Task DevelopmentServer_StartedItselfAgain_HasNoDiagnosticsAndLeavesNoFile()
    {
        var temporary = Temporary();
        await using var server = await SimulationServer.StartAsync(configure: start =>
        {
            Redirect(start, temporary);
            start.Environment.Remove("DOTNET_EnableDiagnostics");
        });

        await AssertLeavesNothingAsync(server, temporary);
    }

    // Wherever a program or a library of it may think of leaving something.
    private static void Redirect(ProcessStartInfo start, string temporary)
    {
        start.WorkingDirectory = temporary;
        foreach (var variable in new[] { "TMPDIR", "HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME" })
        {
            start.Environment[variable] = temporary;
        }
    }

    private static async Task AssertLeavesNothingAsync(SimulationServer server, string temporary)
    {
        var cancellation = TestContext.Current.CancellationToken;
        OutsideView.AssertNoDiagnostics(server.ProcessId, temporary);
        OutsideView.AssertNoCore(server.ProcessId);

        // The engine starts with the first model.
        await using var client = await BlindAIClient.ConnectAsync(server.Url, Policies.For(server), cancellationToken: cancellation);
        await client.UploadModelAsync("sum", new MemoryStream(TestModels.Sum), cancellationToken: cancellation);
        await client.RunAsync("sum", new Dictionary<string, Tensor> { ["a"] = Tensor.From([1f, 2f], 1, 2), ["b"] = Tensor.From([3f, 4f], 1, 2) }, cancellationToken: cancellation);
        OutsideView.AssertNoDiagnostics(server.ProcessId, temporary);
        Assert.Equal(0, await server.StopAsync());
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary));
    }

    // Without privileges, and with the binary where such a user can read it.
    private async Task<SimulationServer> StartAsync(Action<ProcessStartInfo>? configure = null)
    {
        Requirements.RequireProgram("setpriv", "util-linux");
        return await SimulationServer.StartAsync(program: await CopyAsync(), configure: start =>
        {
            configure?.Invoke(start);
            OutsideView.DropPrivileges(start);
        });
    }

    private async Task<string> CopyAsync()
    {
        var published = await NativeProgram.Server.GetAsync();
        var program = Path.Combine(_folder.FullName, Path.GetFileName(published));
        if (!File.Exists(program))
        {
            OpenToAll(_folder);
            foreach (var file in new[] { published, Path.Combine(Path.GetDirectoryName(published)!, "libonnxruntime.so") })
            {
                File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
                File.SetUnixFileMode(Path.Combine(_folder.FullName, Path.GetFileName(file)), Readable);
            }
        }

        return program;
    }

    private string Temporary()
    {
        OpenToAll(_folder);
        var temporary = _folder.CreateSubdirectory("tmp");
        OpenToAll(temporary);
        return temporary.FullName;
    }

    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private static void OpenToAll(DirectoryInfo folder) => folder.UnixFileMode = Readable | UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
}
