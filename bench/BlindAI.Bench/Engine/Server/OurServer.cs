using System.Globalization;
using System.Net.Http.Headers;
using BlindAI.Attestation.Policy;
using BlindAI.Bench.Engine.Contenders;
using BlindAI.Client;
using BlindAI.Protocol;

namespace BlindAI.Bench.Engine.Server;

/// <summary>Our server's process, the client that has verified it, and its models.</summary>
internal sealed class OurServer : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private readonly HttpClient _http;

    private OurServer(ChildProcess process, BlindAIClient client)
    {
        _process = process;
        _http = Http.MakeClient(process.Url);
        Client = client;
    }

    public BlindAIClient Client { get; }

    public Uri Url => _process.Url;

    public int ProcessId => _process.Id;

    public ProcessMemory Memory => _process.Memory;

    public static async Task<OurServer> StartAsync()
    {
        var process = await BenchServer.StartAsync();
        return new(process, await BlindAIClient.ConnectAsync(process.Url, AttestationPolicy.DangerouslyAllowSimulation("localhost")));
    }

    /// <summary>Uploads a model as it is served by default.</summary>
    /// <exception cref="InvalidOperationException">The server does not take it.</exception>
    public async Task UploadAsync(Workload workload)
    {
        if (await TryUploadAsync(workload) is { } refusal)
        {
            throw new InvalidOperationException($"{workload.Name} is not taken: {refusal}");
        }
    }

    /// <summary>Uploads a model. Answers null, or why the server does not take it so.</summary>
    public async Task<string?> TryUploadAsync(Workload workload, string suffix = "", string query = "")
    {
        await using var file = File.OpenRead(workload.File);
        using var content = new StreamContent(file) { Headers = { ContentType = new MediaTypeHeaderValue(MediaTypes.Onnx) } };
        using var response = await _http.PutAsync($"{Routes.Models}/{workload.Model}{suffix}{query}", content);
        return response.IsSuccessStatusCode ? null : await response.Content.ReadAsStringAsync();
    }

    public Task DeleteAsync(Workload workload, string suffix = "") => Client.DeleteModelAsync(workload.Model + suffix);

    /// <summary>What the server has allocated and copied since it started.</summary>
    public async Task<ServerCounters> CountAsync() =>
        (await _http.GetStringAsync(BenchServer.Counters)).Split(' ') is [var allocated, var copied]
            ? new(long.Parse(allocated, CultureInfo.InvariantCulture), long.Parse(copied, CultureInfo.InvariantCulture))
            : throw new InvalidOperationException("The server's counters are two numbers.");

    /// <summary>Asks whether the server lives.</summary>
    public async Task LiveAsync()
    {
        using var response = await _http.GetAsync(Routes.Live);
        response.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Client.DisposeAsync();
        await _process.DisposeAsync();
    }
}
