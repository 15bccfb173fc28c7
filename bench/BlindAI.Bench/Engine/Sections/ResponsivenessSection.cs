using System.Diagnostics;
using System.Globalization;
using BlindAI.Bench.Engine.Contenders;
using BlindAI.Bench.Engine.Measuring;

namespace BlindAI.Bench.Engine.Sections;

/// <summary>One small request after another, while 32 clients keep a heavy model on every processor.</summary>
internal static class ResponsivenessSection
{
    public const string Nothing = "nothing";

    public const string Live = "GET /v2/health/live";

    private const string Name = "responsiveness";

    private const int Clients = 32;

    private const double Seconds = 12;

    // As somebody who asks now and then; in a tight loop this client would take a processor from the server.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    public static async Task RunAsync(EngineSession session)
    {
        var workloads = session.Workloads;
        if (!session.Options.Includes(Name))
        {
            return;
        }

        await session.Server.UploadAsync(workloads.Tiny);
        await using var tiny = new RestBinaryContender(ContenderNames.Binary, session.Server.Client);
        await session.PrepareAsync(workloads.Tiny, Name, [tiny]);
        await MeasureAsync(session, tiny, Nothing, load: null);
        foreach (var heavy in new[] { workloads.ResNet, workloads.DistilBert })
        {
            await session.Server.UploadAsync(heavy);
            await using var contender = new RestBinaryContender(ContenderNames.Binary, session.Server.Client);
            await session.PrepareAsync(heavy, Name, [contender]);
            await using (var load = new BackgroundLoad(contender, Clients))
            {
                await MeasureAsync(session, tiny, heavy.Name, load);
            }

            await session.Server.DeleteAsync(heavy);
        }

        await session.Server.DeleteAsync(workloads.Tiny);
    }

    private static async Task MeasureAsync(EngineSession session, RestBinaryContender tiny, string beside, BackgroundLoad? load)
    {
        var duration = session.Options.IsQuick ? TimeSpan.FromSeconds(2) : TimeSpan.FromSeconds(Seconds);
        var run = tiny.MakeCaller();
        var (live, model) = (new List<double>(), new List<double>());
        var (started, before) = (Stopwatch.GetTimestamp(), load?.Answered);
        do
        {
            live.Add(await TimeAsync(session.Server.LiveAsync));
            await Task.Delay(Pause);
            model.Add(await TimeAsync(async () => await run()));
            await Task.Delay(Pause);
        }
        while (Stopwatch.GetElapsedTime(started) < duration);
        if (load is not null && load.Answered == before)
        {
            throw new InvalidOperationException($"{beside} was not served meanwhile, so nothing was measured.");
        }

        Add(session, Live, beside, live);
        Add(session, session.Workloads.Tiny.Name, beside, model);
    }

    private static async Task<double> TimeAsync(Func<Task> ask)
    {
        var sent = Stopwatch.GetTimestamp();
        await ask();
        return Stopwatch.GetElapsedTime(sent).TotalMilliseconds;
    }

    private static void Add(EngineSession session, string what, string beside, List<double> times)
    {
        var result = new ResponsivenessResult(what, beside, times.Count, Quantiles.Of(times, 0.5), Quantiles.Of(times, 0.99));
        session.Results.Responsiveness.Add(result);
        session.Progress.Say(string.Create(CultureInfo.InvariantCulture, $"{what} beside {beside}: p50 {result.P50Milliseconds:F2} ms, p99 {result.P99Milliseconds:F2} ms"));
    }
}
