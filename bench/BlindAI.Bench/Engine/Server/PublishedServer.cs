using System.Diagnostics;
using BlindAI.Attestation.Policy;
using BlindAI.Bench.Engine.Contenders;
using BlindAI.Client;
using BlindAI.Examples.Quickstart;

namespace BlindAI.Bench.Engine.Server;

/// <summary>The server as it is shipped: published, native or for JIT, and started as an operator would.</summary>
internal sealed class PublishedServer : IAsyncDisposable
{
    private static readonly TimeSpan PublishLimit = TimeSpan.FromMinutes(8);

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    private readonly SimulationServer _server;

    private PublishedServer(SimulationServer server, BlindAIClient client, TimeSpan start, long idleBytes)
    {
        _server = server;
        Client = client;
        Start = start;
        IdleBytes = idleBytes;
    }

    public BlindAIClient Client { get; }

    /// <summary>From the start of the process to the first answer of a model, through attested TLS and an upload.</summary>
    public TimeSpan Start { get; }

    /// <summary>Resident memory after that.</summary>
    public long IdleBytes { get; }

    /// <summary>Publishes the server and gives the program. Nothing is built anew that is there already.</summary>
    /// <exception cref="InvalidOperationException">It cannot be published; the message holds the last line that was said.</exception>
    public static async Task<string> PublishAsync(bool isNative)
    {
        var folder = Repository.Path("artifacts", "bench-publish", isNative ? "native" : "jit");
        var start = new ProcessStartInfo("dotnet",
        [
            "publish", Repository.Path("src", "BlindAI.Server"), "-c", "Release", "-r", "linux-x64", "-o", folder, "-v", "quiet", "--nologo",
            "--self-contained", isNative ? "true" : "false", $"-p:PublishAot={(isNative ? "true" : "false")}",

            // What was restored for the bench's own build serves both; a restore without PublishAot would rewrite the lock file.
            "--no-restore",

            // Its processes end with it: what they used is ours, not the neighbours'.
            "-nodeReuse:false", "-p:UseSharedCompilation=false",
        ])
        {
            RedirectStandardOutput = true,
        };
        using var publish = Process.Start(start)!;
        var said = publish.StandardOutput.ReadToEndAsync();
        using var limit = new CancellationTokenSource(PublishLimit);
        await publish.WaitForExitAsync(limit.Token);
        return publish.ExitCode == 0
            ? Path.Combine(folder, "blindai-server")
            : throw new InvalidOperationException($"dotnet publish failed: {(await said).Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault()}");
    }

    /// <summary>Starts the program and has it answer once.</summary>
    public static async Task<PublishedServer> StartAsync(string program, Workload first)
    {
        var started = Stopwatch.GetTimestamp();
        var server = await SimulationServer.StartAsync(["--Logging:Level=Warning", "--Limits:AttestationsPerSecond=1000"], program);
        var client = await BlindAIClient.ConnectAsync(server.Url, AttestationPolicy.DangerouslyAllowSimulation("localhost"));
        await UploadAsync(client, first);
        await using var contender = new RestBinaryContender(ContenderNames.Binary, client);
        await contender.PrepareAsync(first);
        await contender.MakeCaller()();
        var elapsed = Stopwatch.GetElapsedTime(started);
        await Task.Delay(Settling);
        return new(server, client, elapsed, ProcessMemory.Read(server.ProcessId).Resident);
    }

    public Task UploadAsync(Workload workload) => UploadAsync(Client, workload);

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await _server.DisposeAsync();
    }

    private static async Task UploadAsync(BlindAIClient client, Workload workload)
    {
        await using var file = File.OpenRead(workload.File);
        await client.UploadModelAsync(workload.Model, file);
    }
}
