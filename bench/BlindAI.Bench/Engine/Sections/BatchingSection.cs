using BlindAI.Bench.Engine.Contenders;

namespace BlindAI.Bench.Engine.Sections;

/// <summary>The same model twice on the same server, with 32 clients: as it is served by default, and with batching switched off.</summary>
internal static class BatchingSection
{
    public const int Clients = 32;

    private const string OffSuffix = "-unbatched";

    public static string NameOf(Workload workload) => $"batching-{workload.Name}";

    public static async Task RunAsync(EngineSession session)
    {
        var workloads = session.Workloads;
        foreach (var workload in new[] { workloads.Wide, workloads.BertShort, workloads.MobileNet, workloads.ResNet })
        {
            var name = NameOf(workload);
            if (!session.Options.Includes(name))
            {
                continue;
            }

            await session.Server.UploadAsync(workload);
            if (await session.Server.TryUploadAsync(workload, OffSuffix, "?max_batch_size=0") is { } refusal)
            {
                session.Report(name, ContenderNames.NoBatching, refusal);
            }
            else
            {
                Contender[] contenders =
                [
                    new RestBinaryContender(ContenderNames.NoBatching, session.Server.Client, OffSuffix),
                    new RestBinaryContender(ContenderNames.Batching, session.Server.Client),
                ];
                var ready = await session.PrepareAsync(workload, name, contenders);
                session.Results.Measurements.AddRange(await session.Comparison.MeasureAsync(name, ready, Clients, Math.Max(1, workload.TurnSeconds)));
                await session.Server.DeleteAsync(workload, OffSuffix);
            }

            await session.Server.DeleteAsync(workload);
        }
    }
}
