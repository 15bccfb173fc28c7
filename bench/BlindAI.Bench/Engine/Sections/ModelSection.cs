using BlindAI.Bench.Engine.Contenders;

namespace BlindAI.Bench.Engine.Sections;

/// <summary>Every model through every contender, with 1, 8 and 32 clients.</summary>
internal static class ModelSection
{
    private static readonly int[] Clients = [1, 8, 32];

    public static async Task RunAsync(EngineSession session, Peers peers)
    {
        foreach (var workload in session.Workloads.All.Where(workload => session.Options.Includes(workload.Name)))
        {
            await session.TryAsync(workload.Name, () => MeasureAsync(session, peers, workload));
        }
    }

    private static async Task MeasureAsync(EngineSession session, Peers peers, Workload workload)
    {
        await session.Server.UploadAsync(workload);
        Contender[] contenders =
        [
            new RawContender(),
            new RestBinaryContender(ContenderNames.Binary, session.Server.Client),
            new HttpContender(ContenderNames.Json, session.Server.Url, PreparedRequest.Json),
            new GrpcContender(ContenderNames.Grpc, session.Server.Url),
            .. peers.MakeContenders(),
            .. Prepared(session, workload),
        ];
        var ready = await session.PrepareAsync(workload, workload.Name, contenders);
        foreach (var clients in Clients)
        {
            session.Results.Measurements.AddRange(await session.Comparison.MeasureAsync(workload.Name, ready, clients, workload.TurnSeconds));
        }

        foreach (var contender in contenders)
        {
            await contender.DisposeAsync();
        }

        await session.Server.DeleteAsync(workload);
    }

    // Peers are sent prepared bytes. For a model of microseconds what the SDK's client does for each request counts, so ours is sent them as well.
    private static IEnumerable<Contender> Prepared(EngineSession session, Workload workload) => workload == session.Workloads.Tiny
        ? [new HttpContender(ContenderNames.PreparedBinary, session.Server.Url, workload => PreparedRequest.Binary(workload))]
        : [];
}
