using BlindAI.Bench.Engine.Measuring;
using BlindAI.Bench.Engine.Sections;
using BlindAI.Bench.Engine.Server;

namespace BlindAI.Bench.Engine;

/// <summary>The whole suite in one session: every contender runs at the same time and takes its turn.</summary>
internal static class EngineBench
{
    public static async Task RunAsync(EngineOptions options)
    {
        var progress = new Progress();
        var results = new EngineResults();
        progress.Say("models");
        var workloads = new Workloads(Repository.Path("artifacts", "bench-models"));
        await using (var peers = await Peers.StartAsync(workloads.Folder, results, progress))
        await using (var floor = await ChildProcess.StartSelfAsync(StreamFloor.Argument))
        await using (var server = await OurServer.StartAsync())
        {
            var session = new EngineSession(options, progress, workloads, server, results);
            await WarmUp.RunAsync(session, peers);
            await ModelSection.RunAsync(session, peers);
            await SinkSection.RunAsync(session, floor.Url);
            await BatchingSection.RunAsync(session);
            await ResponsivenessSection.RunAsync(session);
            await OpenLoopSection.RunAsync(session);
            await AllocationSection.RunAsync(session);
            await MemorySection.RunAsync(session);
            await NativeSection.RunAsync(session);
        }
    }
}
