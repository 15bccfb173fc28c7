using System.Diagnostics;
using System.Globalization;
using BlindAI.Attestation.Policy;
using BlindAI.Bench.Engine.Server;
using BlindAI.Client;
using BlindAI.Examples.Quickstart;

namespace BlindAI.Bench.Load;

/// <summary>The load test: mixed models from many connections, uploads and deletions meanwhile, callers that are killed, and every answer checked against its own question.</summary>
internal static class LoadRun
{
    private const int Owners = 2;

    private const int Victims = 2;

    private const double MostGrowth = 1.05;

    /// <summary>Runs it; true when nothing came but what was expected.</summary>
    public static async Task<bool> RunAsync(LoadOptions options)
    {
        await using var server = await SimulationServer.StartAsync(["--Logging:Level=Error", "--Limits:AttestationsPerSecond=10000"]);
        await UploadAsync(server.Url);
        var tally = new LoadTally();
        using var stop = new CancellationTokenSource(options.Duration);
        var callers = new LoadCallers(server.Url, tally, stop.Token);
        List<Task> all =
        [
            .. Enumerable.Range(0, options.Connections).Select(caller => Task.Run(() => Guard(callers.AskAsync(caller)))),
            .. Enumerable.Range(0, Owners).Select(owner => Task.Run(() => Guard(callers.ChurnAsync(owner)))),
            Task.Run(callers.ErrAsync),
            .. Enumerable.Range(0, Victims).Select(victim => Task.Run(() => callers.DieAsync(victim))),
        ];
        var memory = await WatchAsync(server.ProcessId, tally, options.Duration);
        await Task.WhenAll(all);
        var left = await LeftOverAsync(server.OperationsUrl);
        return Report(options, tally, memory, left);

        // The end of the test ends a connection that is being made.
        async Task Guard(Task caller)
        {
            try
            {
                await caller;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
            }
        }
    }

    private static async Task UploadAsync(Uri url)
    {
        await using var client = await BlindAIClient.ConnectAsync(url, AttestationPolicy.DangerouslyAllowSimulation("localhost"));
        foreach (var model in LoadModel.All)
        {
            using var bytes = new MemoryStream(model.Bytes);
            await client.UploadModelAsync(model.Name, bytes, new() { Scheduling = model.Scheduling });
        }
    }

    private static async Task<List<(TimeSpan At, long Bytes)>> WatchAsync(int process, LoadTally tally, TimeSpan duration)
    {
        var samples = new List<(TimeSpan At, long Bytes)>();
        var started = Stopwatch.GetTimestamp();
        using var every = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (Stopwatch.GetElapsedTime(started) < duration)
        {
            await every.WaitForNextTickAsync();
            samples.Add((Stopwatch.GetElapsedTime(started), ProcessMemory.Read(process).Resident));
            if (samples.Count % 10 == 0)
            {
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{samples[^1].At.TotalSeconds,6:0} s  {tally.Right,10} right  {tally.Unexpected.Values.Sum(),4} unexpected  {samples[^1].Bytes / 1e6,7:0} MB"));
            }
        }

        return samples;
    }

    // A request whose caller is dead may end a moment later than the load.
    private static async Task<string> LeftOverAsync(Uri operations)
    {
        using var http = new HttpClient();
        var left = "";
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var metrics = await http.GetStringAsync(new Uri(operations, "/metrics"));
            left = string.Join(", ", metrics.Split('\n').Where(line => line.StartsWith("blindai_pending_requests ", StringComparison.Ordinal) || line.StartsWith("blindai_in_flight_bytes ", StringComparison.Ordinal))
                .Where(line => !line.EndsWith(" 0", StringComparison.Ordinal)));
            if (left.Length == 0)
            {
                return left;
            }

            await Task.Delay(100);
        }

        return left;
    }

    private static bool Report(LoadOptions options, LoadTally tally, List<(TimeSpan At, long Bytes)> memory, string left)
    {
        // The median of ten seconds: one sample catches a request or a collection.
        var isJudged = options.Duration >= LoadOptions.JudgedFrom;
        var (early, late) = (MedianAt(memory, isJudged ? TimeSpan.FromMinutes(2) : options.Duration / 3), MedianAt(memory, options.Duration));
        var growth = (double)late / early;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{options.Duration.TotalSeconds:0} s, {options.Connections} connections: {tally.Right} right answers, {tally.Uploads} uploads, {tally.Cancelled} calls given up, {tally.Broken} callers killed"));
        Console.WriteLine($"expected refusals: {(tally.Expected.Count == 0 ? "none" : string.Join(", ", tally.Expected.Select(pair => $"{pair.Key} x {pair.Value}")))}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"memory: {early / 1e6:0.0} MB {(isJudged ? "at minute 2" : "early")}, {late / 1e6:0.0} MB at the end: {growth:0.000} times{(isJudged ? "" : " (judged from 4 minutes on)")}"));
        Console.WriteLine($"left over: {(left.Length == 0 ? "nothing" : left)}");
        foreach (var (what, count) in tally.Unexpected)
        {
            Console.WriteLine($"UNEXPECTED {count} x {what}");
        }

        return tally.Unexpected.Count == 0 && tally.Right > 0 && tally.Uploads > 0 && tally.Broken > 0 && left.Length == 0 && (!isJudged || growth <= MostGrowth);
    }

    private static long MedianAt(List<(TimeSpan At, long Bytes)> samples, TimeSpan end)
    {
        var around = samples.Where(sample => sample.At <= end && sample.At > end - TimeSpan.FromSeconds(10)).Select(sample => sample.Bytes).Order().ToList();
        return around.Count > 0 ? around[around.Count / 2] : samples[0].Bytes;
    }
}
