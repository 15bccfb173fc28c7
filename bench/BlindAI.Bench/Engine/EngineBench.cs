using BlindAI.Bench.Engine.Measuring;
using BlindAI.Bench.Engine.Report;
using BlindAI.Bench.Engine.Sections;
using BlindAI.Bench.Engine.Server;

namespace BlindAI.Bench.Engine;

/// <summary>The whole suite in one session: every contender runs at the same time and takes its turn.</summary>
internal static class EngineBench
{
    /// <summary>Measures, writes, and answers whether everything could be measured.</summary>
    public static async Task<bool> RunAsync(EngineOptions options)
    {
        var machine = Machine.Read();
        var neighbours = new Neighbours();
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
            await session.TryAsync("models", () => ModelSection.RunAsync(session, peers));
            await session.TryAsync("sinks", () => SinkSection.RunAsync(session, floor.Url));
            await session.TryAsync("batching", () => BatchingSection.RunAsync(session));
            await session.TryAsync("responsiveness", () => ResponsivenessSection.RunAsync(session));
            await session.TryAsync("open loop", () => OpenLoopSection.RunAsync(session));
            await session.TryAsync("allocation", () => AllocationSection.RunAsync(session));
            await session.TryAsync("memory", () => MemorySection.RunAsync(session));
            await session.TryAsync("native", () => NativeSection.RunAsync(session));
        }

        Write(options, machine with { OthersShare = neighbours.Share }, results, workloads, progress);
        return results.Failures.Count == 0;
    }

    // Half a run does not take the place of a whole one.
    private static void Write(EngineOptions options, Machine machine, EngineResults results, Workloads workloads, Progress progress)
    {
        var folder = options.IsQuick || options.Only is not null ? Repository.Path("artifacts", "bench-engine") : Repository.Path("bench");
        Directory.CreateDirectory(folder);
        var goals = new Goals(results, workloads).All;
        ResultsFile.Write(Path.Combine(folder, "RESULTS-engine.json"), options, machine, results, goals);
        new SvgPlot(results, workloads).WriteTo(Path.Combine(folder, "engine.svg"));
        new ResultsPage(options, machine, results, workloads, goals).WriteTo(Path.Combine(folder, "RESULTS.md"));
        progress.Say($"written to {folder}");
    }
}
