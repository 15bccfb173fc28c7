using System.Globalization;
using BlindAI.Bench.Engine.Contenders;

namespace BlindAI.Bench.Engine.Sections;

/// <summary>Managed bytes that the server allocates for one request of the binary path, by size of the input.</summary>
/// <remarks>The model reads one number of its input, so that nothing but the path is seen. The server counts; what asking for the count allocates is taken off.</remarks>
internal static class AllocationSection
{
    private const string Name = "allocation";

    private const int WarmRequests = 200;

    private const int Requests = 400;

    private static readonly int[] InputBytes = [1 << 10, 150 << 10, 600 << 10, 5 << 20];

    public static async Task RunAsync(EngineSession session)
    {
        if (!session.Options.Includes(Name))
        {
            return;
        }

        foreach (var bytes in InputBytes)
        {
            var workload = session.Workloads.Intake(bytes);
            await session.Server.UploadAsync(workload);
            await using var contender = new HttpContender(ContenderNames.PreparedBinary, session.Server.Url, workload => PreparedRequest.Binary(workload));
            await session.PrepareAsync(workload, Name, [contender]);
            var ask = contender.MakeCaller();
            await AskAsync(ask, WarmRequests);
            await session.Server.AllocatedAsync();
            var first = await session.Server.AllocatedAsync();
            var second = await session.Server.AllocatedAsync();
            await AskAsync(ask, Requests);
            var third = await session.Server.AllocatedAsync();
            var perRequest = Math.Max(0, third - second - (second - first)) / (double)Requests;
            session.Results.Allocation.Add(new(workload.InputBytes, Requests, perRequest));
            session.Progress.Say(string.Create(CultureInfo.InvariantCulture, $"{Name}, {workload.InputBytes / 1024} KiB: {perRequest:F0} bytes a request"));
            await session.Server.DeleteAsync(workload);
        }
    }

    private static async Task AskAsync(Func<ValueTask<float[]>> ask, int requests)
    {
        for (var request = 0; request < requests; request++)
        {
            await ask();
        }
    }
}
