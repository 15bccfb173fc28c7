using System.Globalization;
using BlindAI.Bench.Engine.Contenders;
using BlindAI.Bench.Engine.Measuring;
using BlindAI.Bench.Engine.Server;

namespace BlindAI.Bench.Engine.Sections;

/// <summary>The native binary against JIT: start, idle memory, throughput.</summary>
internal static class NativeSection
{
    public const string Name = "native";

    private const string Jit = "JIT";

    private const string Native = "NativeAOT";

    private const int Clients = 8;

    private const double TurnSeconds = 1.5;

    public static async Task RunAsync(EngineSession session)
    {
        if (!session.Options.Includes(Name))
        {
            return;
        }

        session.Progress.Say("publishing the server, for JIT and native");
        string jit, native;
        try
        {
            jit = await PublishedServer.PublishAsync(isNative: false);
            native = await PublishedServer.PublishAsync(isNative: true);
        }
        catch (InvalidOperationException exception)
        {
            session.Report(Name, Native, exception.Message);
            return;
        }

        var starts = await MeasureStartsAsync(session, jit, native);
        var (tiny, image) = await MeasureThroughputAsync(session, jit, native);
        var result = new NativeResult(
            Quantiles.Median(starts.Select(pair => pair.Jit.Milliseconds)), Quantiles.Median(starts.Select(pair => pair.Native.Milliseconds)),
            Quantiles.Median(starts.Select(pair => pair.Native.Milliseconds / pair.Jit.Milliseconds)),
            (long)Quantiles.Median(starts.Select(pair => (double)pair.Jit.Idle)), (long)Quantiles.Median(starts.Select(pair => (double)pair.Native.Idle)),
            Quantiles.Median(starts.Select(pair => (double)pair.Native.Idle / pair.Jit.Idle)), tiny, image);
        session.Results.Native = result;
        session.Progress.Say(string.Create(CultureInfo.InvariantCulture, $"native: start {result.NativeStartMilliseconds:F0} ms, {result.StartRatio:F2}x; idle {result.NativeIdleBytes / 1e6:F0} MB, {result.IdleRatio:F2}x; throughput {tiny:F2}x and {image:F2}x"));
    }

    // The first round is not counted: it reads both from disk.
    private static async Task<List<(Sample Jit, Sample Native)>> MeasureStartsAsync(EngineSession session, string jit, string native)
    {
        var rounds = new List<(Sample, Sample)>();
        for (var round = -1; round < session.Options.Rounds; round++)
        {
            var pair = (await StartAsync(session, jit), await StartAsync(session, native));
            if (round >= 0)
            {
                rounds.Add(pair);
            }
        }

        return rounds;
    }

    private static async Task<Sample> StartAsync(EngineSession session, string program)
    {
        await using var server = await PublishedServer.StartAsync(program, session.Workloads.Tiny);
        return new(server.Start.TotalMilliseconds, server.IdleBytes);
    }

    private static async Task<(double Tiny, double Image)> MeasureThroughputAsync(EngineSession session, string jit, string native)
    {
        await using var jitServer = await PublishedServer.StartAsync(jit, session.Workloads.Tiny);
        await using var nativeServer = await PublishedServer.StartAsync(native, session.Workloads.Tiny);
        var ratios = new List<double>();
        foreach (var workload in new[] { session.Workloads.Tiny, session.Workloads.MobileNet })
        {
            if (workload != session.Workloads.Tiny)
            {
                await jitServer.UploadAsync(workload);
                await nativeServer.UploadAsync(workload);
            }

            var name = $"{Name}-{workload.Name}";
            var contenders = await session.PrepareAsync(workload, name, [new RestBinaryContender(Jit, jitServer.Client), new RestBinaryContender(Native, nativeServer.Client)]);
            if (workload == session.Workloads.Tiny)
            {
                await ClosedLoop.RunAsync(contenders[0], [.. Enumerable.Range(0, Clients).Select(_ => contenders[0].MakeCaller())], session.Options.Turn(4));
            }

            session.Results.Measurements.AddRange(await session.Comparison.MeasureAsync(name, contenders, Clients, TurnSeconds));
            ratios.Add(session.Results.ThroughputRatio(name, Clients, Native, Jit)!.Value);
        }

        return (ratios[0], ratios[1]);
    }

    private readonly record struct Sample(double Milliseconds, long Idle);
}
