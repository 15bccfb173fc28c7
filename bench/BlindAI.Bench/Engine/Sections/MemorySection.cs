using System.Globalization;
using BlindAI.Bench.Engine.Contenders;
using BlindAI.Bench.Engine.Server;

namespace BlindAI.Bench.Engine.Sections;

/// <summary>What a loaded model costs in memory: a fresh server for each, which has served a tiny model before.</summary>
internal static class MemorySection
{
    /// <summary>Below it the file is not what a model's memory is about.</summary>
    public const long LeastFileBytes = 40_000_000;

    private const string Name = "memory";

    private const int Requests = 20;

    // What the runtime and the allocator give back late.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(EngineSession session)
    {
        var models = session.Workloads.All.DistinctBy(workload => workload.Model).Where(workload => workload.FileBytes >= LeastFileBytes);
        foreach (var workload in models.Where(workload => session.Options.Includes($"{Name}-{workload.Name}")))
        {
            await using var server = await OurServer.StartAsync();
            await ServeAsync(server, session.Workloads.Tiny);
            await Task.Delay(Settling);
            var before = server.Memory.Resident;
            ProcessMemory.ResetPeak(server.ProcessId);
            await server.UploadAsync(workload);
            var peak = server.Memory.Peak;
            await AskAsync(server, workload);
            await Task.Delay(Settling);
            var result = new MemoryResult(workload.Model, workload.FileBytes, server.Memory.Resident - before, peak - before);
            session.Results.Memory.Add(result);
            session.Progress.Say(string.Create(CultureInfo.InvariantCulture, $"{Name}, {workload.Model}: steady {result.SteadyRatio:F2}x of the file, peak {result.PeakRatio:F2}x"));
        }
    }

    private static async Task ServeAsync(OurServer server, Workload workload)
    {
        await server.UploadAsync(workload);
        await AskAsync(server, workload);
    }

    private static async Task AskAsync(OurServer server, Workload workload)
    {
        await using var contender = new RestBinaryContender(ContenderNames.Binary, server.Client);
        await contender.PrepareAsync(workload);
        var ask = contender.MakeCaller();
        for (var request = 0; request < Requests; request++)
        {
            await ask();
        }
    }
}
