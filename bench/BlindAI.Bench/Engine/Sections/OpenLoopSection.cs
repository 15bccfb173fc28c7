using System.Globalization;
using BlindAI.Bench.Engine.Contenders;
using BlindAI.Bench.Engine.Measuring;

namespace BlindAI.Bench.Engine.Sections;

/// <summary>How late the latest are when requests come on their own, at 80 percent of what the server can do.</summary>
internal static class OpenLoopSection
{
    private const string Name = "open-loop";

    private const double Load = 0.8;

    private const int Clients = 8;

    private const double CapacitySeconds = 3;

    private const double LoadSeconds = 20;

    public static async Task RunAsync(EngineSession session)
    {
        var workloads = session.Workloads;
        foreach (var workload in new[] { workloads.MobileNet, workloads.ResNet, workloads.Bert, workloads.DistilBert })
        {
            if (!session.Options.Includes($"{Name}-{workload.Name}"))
            {
                continue;
            }

            await session.Server.UploadAsync(workload);
            await using var contender = new RestBinaryContender(ContenderNames.Binary, session.Server.Client);
            await session.PrepareAsync(workload, Name, [contender]);
            var callers = Enumerable.Range(0, Clients).Select(_ => contender.MakeCaller()).ToList();
            await ClosedLoop.RunAsync(contender, callers, session.Options.Turn(1));
            var capacity = (await ClosedLoop.RunAsync(contender, callers, session.Options.Turn(CapacitySeconds))).Throughput;
            var times = await OpenLoop.RunAsync(callers[0], capacity * Load, session.Options.IsQuick ? TimeSpan.FromSeconds(2) : TimeSpan.FromSeconds(LoadSeconds), seed: 80);
            var result = new OpenLoopResult(workload.Name, times.Length, capacity * Load, Load, Quantiles.OfSorted(times, 0.5) / 1000, Quantiles.OfSorted(times, 0.99) / 1000);
            session.Results.OpenLoop.Add(result);
            session.Progress.Say(string.Create(CultureInfo.InvariantCulture, $"{Name}, {workload.Name}: {result.RequestsPerSecond:F1}/s, p50 {result.P50Milliseconds:F1} ms, p99 {result.P99Milliseconds:F1} ms, {result.Ratio:F2}x"));
            await session.Server.DeleteAsync(workload);
        }
    }
}
