using System.Globalization;
using BlindAI.Bench.Engine.Contenders;

namespace BlindAI.Bench.Engine.Sections;

/// <summary>Managed bytes that the server allocates for one request of the binary path, and how often it copies the tensors, by size of the input.</summary>
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
            await session.Server.CountAsync();
            var first = await session.Server.CountAsync();
            var second = await session.Server.CountAsync();
            await AskAsync(ask, Requests);
            var third = await session.Server.CountAsync();
            var asking = second.AllocatedBytes - first.AllocatedBytes;
            var allocated = Math.Max(0, third.AllocatedBytes - second.AllocatedBytes - asking) / (double)Requests;
            var copies = (third.CopiedBytes - second.CopiedBytes) / (double)(Requests * (workload.InputBytes + (workload.OutputLength * sizeof(float))));
            session.Results.Allocation.Add(new(workload.InputBytes, Requests, allocated, copies));
            session.Progress.Say(string.Create(CultureInfo.InvariantCulture, $"{Name}, {workload.InputBytes / 1024} KiB: {allocated:F0} bytes a request, {copies:F2} copies"));
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
