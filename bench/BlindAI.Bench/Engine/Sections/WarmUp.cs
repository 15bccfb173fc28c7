using BlindAI.Bench.Engine.Contenders;
using BlindAI.Bench.Engine.Measuring;

namespace BlindAI.Bench.Engine.Sections;

/// <summary>Time for every just-in-time compiler, of servers and of this client, to have seen its code often.</summary>
internal static class WarmUp
{
    private const int Clients = 8;

    private const double Seconds = 3;

    public static async Task RunAsync(EngineSession session, Peers peers)
    {
        session.Progress.Say("warm-up");
        var workload = session.Workloads.Tiny;
        await session.Server.UploadAsync(workload);
        Contender[] contenders =
        [
            new RestBinaryContender(ContenderNames.Binary, session.Server.Client),
            new HttpContender(ContenderNames.Json, session.Server.Url, PreparedRequest.Json),
            new GrpcContender(ContenderNames.Grpc, session.Server.Url),
            .. peers.MakeContenders(),
        ];
        foreach (var contender in contenders)
        {
            if (await contender.PrepareAsync(workload) is null)
            {
                await ClosedLoop.RunAsync(contender, [.. Enumerable.Range(0, Clients).Select(_ => contender.MakeCaller())], session.Options.IsQuick ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(Seconds));
            }

            await contender.DisposeAsync();
        }

        await session.Server.DeleteAsync(workload);
    }
}
