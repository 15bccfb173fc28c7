using System.Globalization;
using BlindAI.Protocol.Tensors;
using BlindAI.Server.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BlindAI.Bench.Engine.Server;

/// <summary>The server itself, in simulation, built by its own code, plus what only measuring needs: a sink without a model, and what was allocated and copied.</summary>
internal static class BenchServer
{
    /// <summary>The argument that makes this program the server.</summary>
    public const string Argument = "--engine-server";

    public const string Sink = "/bench/sink";

    public const string Counters = "/bench/counters";

    private static readonly string[] Settings =
    [
        "--simulation", "--Listen:Url=https://127.0.0.1:0", "--Listen:OperationsUrl=http://127.0.0.1:0", "--Logging:Level=Warning",
        "--Limits:AttestationsPerSecond=1000", "--Limits:MaxQueueMilliseconds=120000",
    ];

    /// <summary>Starts it as a process of its own.</summary>
    public static Task<ChildProcess> StartAsync() => ChildProcess.StartSelfAsync(Argument);

    public static async Task<int> RunAsync()
    {
        var settings = ServerCommand.Parse(Settings).Settings;
        var attester = await new TeeDetector().FindAttesterAsync(isSimulation: true);
        using var identity = await EnclaveIdentity.CreateAsync("localhost", attester, settings.Trust.Digest, TimeProvider.System);
        await using var app = ServerHost.Build(settings, attester, identity);
        app.MapPost(Sink, (RequestDelegate)SinkBody.AnswerAsync);
        app.MapGet(Counters, (RequestDelegate)(context => context.Response.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{GC.GetTotalAllocatedBytes(precise: true)} {TensorCopies.Bytes}"))));
        await app.StartAsync();
        await ChildProcess.ServeAsync(app.Urls.Single(url => url.StartsWith(Uri.UriSchemeHttps, StringComparison.Ordinal)));
        await app.StopAsync();
        return 0;
    }
}
