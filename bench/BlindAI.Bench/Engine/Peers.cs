using BlindAI.Bench.Engine.Contenders;
using BlindAI.Bench.Engine.Measuring;
using BlindAI.Bench.Engine.Server;

namespace BlindAI.Bench.Engine;

/// <summary>The servers that others would write: each in a process of its own, started when it can be.</summary>
internal sealed class Peers : IAsyncDisposable
{
    private readonly List<ChildProcess> _processes = [];

    private readonly List<Func<Contender>> _contenders = [];

    /// <summary>Starts those that this machine can start; why others are not there goes into the results.</summary>
    public static async Task<Peers> StartAsync(string models, EngineResults results, Progress progress)
    {
        var peers = new Peers();
        await peers.AddAsync(ContenderNames.AspNetGrpc, () => AspNetGrpcPeer.StartAsync(models), url => new GrpcContender(ContenderNames.AspNetGrpc, url), results, progress);
        await peers.AddAsync(ContenderNames.Node, () => NodePeer.StartAsync(models, progress),
            url => new HttpContender(ContenderNames.Node, url, workload => PreparedRequest.Bare(workload, $"/models/{workload.Name}")), results, progress);
        return peers;
    }

    public IEnumerable<Contender> MakeContenders() => _contenders.Select(make => make());

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }
    }

    private async Task AddAsync(string name, Func<Task<ChildProcess>> start, Func<Uri, Contender> make, EngineResults results, Progress progress)
    {
        try
        {
            var process = await start();
            _processes.Add(process);
            _contenders.Add(() => make(process.Url));
        }
        catch (Exception exception) when (exception is InvalidOperationException or FileNotFoundException or System.ComponentModel.Win32Exception or OperationCanceledException)
        {
            progress.Say($"{name}: absent: {exception.Message}");
            results.Absent.Add($"{name}: {exception.Message}");
        }
    }
}
