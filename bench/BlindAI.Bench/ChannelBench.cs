using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Text.Json;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Client;
using BlindAI.Client.Channel;
using BlindAI.Examples.Quickstart;
using BlindAI.Protocol;

namespace BlindAI.Bench;

/// <summary>What the attested channel costs: a new connection, the steady state of each mode, sealing by size, and a crowd of half prefaces.</summary>
/// <remarks>Ways take turns, one request each; one round before the first is not counted. Times are medians over rounds of each round's median, ratios medians of each round's.</remarks>
internal static class ChannelBench
{
    private const int ConnectionsPerRound = 20;

    private const int RequestsPerRound = 200;

    private static readonly int[] KibiBytes = [1, 16, 64, 256, 1024];

    private static readonly AttestationPolicy Policy = AttestationPolicy.DangerouslyAllowSimulation("localhost");

    /// <summary>Measures everything and prints tables or JSON.</summary>
    public static async Task RunAsync(int rounds, bool writesJson)
    {
        await using var server = await SimulationServer.StartAsync(["--Logging:Level=Warning", "--Limits:AttestationsPerSecond=1000"]);
        List<Comparison> results = [await CompareConnectionsAsync(server.Url, rounds), await CompareRequestsAsync(server.Url, rounds, "one request, tiny-mlp", BenchModel.All[0], RequestsPerRound)];
        foreach (var kib in KibiBytes)
        {
            // One number comes back.
            var model = new BenchModel($"kib{kib}", Batch: 1, [kib * 1024 / sizeof(float), 1], RequestsPerRound);
            results.Add(await CompareRequestsAsync(server.Url, rounds, string.Create(CultureInfo.InvariantCulture, $"one request of {kib} KiB"), model, Math.Clamp(4 * 1024 / kib, 20, RequestsPerRound)));
        }

        var crowd = await Crowd.MeasureAsync(server.Url, Policy, rounds);
        if (writesJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { processors = Environment.ProcessorCount, rounds, results, crowd }, JsonSerializerOptions.Web));
            return;
        }

        foreach (var (title, ways) in results)
        {
            Console.WriteLine($"{title + "; against " + ways[0].Way,-58}{"p50",12}{"min",12}{"ratio",9}{"added",12}");
            foreach (var way in ways)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {way.Way,-56}{way.Microseconds,9:F0} us{way.MinimumMicroseconds,9:F0} us{way.Ratio,8:F2}x{way.AddedMicroseconds,9:F0} us"));
            }
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            requests served a second beside {crowd.Count} connections, {crowd.PerSecond} new ones a second, that
              are closed after the handshake {crowd.Closing,9:F0}   (with none: {crowd.Quiet:F0})
              send half a preface and stay   {crowd.Halves,9:F0}   ratio {crowd.Ratio:F2}
            """));
    }

    private static async Task<Comparison> CompareConnectionsAsync(Uri server, int rounds)
    {
        // What a client that stands does for one more connection: the same handler, gate and proof, and a pool that is always new.
        var exchange = new EvidenceExchange(server, Policy, new());
        var gate = new GateExchange(server, TimeProvider.System);
        TlsProof? proof = null;
        return await CompareAsync("a new connection and its first request", rounds, ConnectionsPerRound,
            ("plain TLS 1.3", () => AskOnNewConnectionAsync(server, filter: null, gate)),
            ("gated, further connection", () => AskOnNewConnectionAsync(server, async (connection, cancellationToken) =>
            {
                var binder = ChannelBinder.Take(connection);
                if (proof is null)
                {
                    var started = TimeProvider.System.GetTimestamp();
                    proof = new(await exchange.VerifyAsync(await gate.AskForEvidenceAsync(connection, binder, cancellationToken), started, cancellationToken), started, TimeProvider.System, new());
                    return;
                }

                await GateExchange.AskForProofAsync(connection, proof, binder, cancellationToken);
            }, gate)),
            ("gated, first connection of a client", () => ConnectAsync(server, ChannelMode.Gated)),
            ("pinned, first connection of a client", () => ConnectAsync(server, ChannelMode.Pinned)),
            ("sealed, first connection of a client", () => ConnectAsync(server, ChannelMode.Sealed)));
    }

    private static async Task AskOnNewConnectionAsync(Uri server, Func<SslStream, CancellationToken, Task>? filter, GateExchange gate)
    {
        using var handler = TlsHandlers.Create(gate.Observe, TimeSpan.FromSeconds(30));
        if (filter is not null)
        {
            handler.PlaintextStreamFilter = async (context, cancellationToken) =>
            {
                await filter((SslStream)context.PlaintextStream, cancellationToken);
                return context.PlaintextStream;
            };
        }

        using var http = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, Routes.Live)) { Version = HttpVersion.Version11 };
        using var response = await http.SendAsync(request, CancellationToken.None);
        await response.Content.ReadAsByteArrayAsync();
    }

    // The gate's first request is part of connecting; the other modes have sent none yet.
    private static async Task ConnectAsync(Uri server, ChannelMode mode)
    {
        await using var client = await BlindAIClient.ConnectAsync(server, Policy, new() { Channel = mode });
        if (mode != ChannelMode.Gated)
        {
            await client.ListModelsAsync();
        }
    }

    private static async Task<Comparison> CompareRequestsAsync(Uri server, int rounds, string title, BenchModel model, int runs)
    {
        await using var gated = await BlindAIClient.ConnectAsync(server, Policy);
        await using var pinned = await BlindAIClient.ConnectAsync(server, Policy, new() { Channel = ChannelMode.Pinned });
        await using var sealing = await BlindAIClient.ConnectAsync(server, Policy, new() { Channel = ChannelMode.Sealed });
        var uploaded = await RemoteRun.UploadAsync(gated, model);
        var (overPinned, overSealed) = (uploaded.Over(pinned), uploaded.Over(sealing));
        var result = await CompareAsync(title, rounds, runs, ("gated", uploaded.RunAsync), ("pinned", overPinned.RunAsync), ("sealed", overSealed.RunAsync));
        await gated.DeleteModelAsync(model.Name);
        return result;
    }

    private static async Task<Comparison> CompareAsync(string title, int rounds, int runs, params (string Name, Func<Task> Run)[] ways)
    {
        var medians = ways.Select(_ => new double[rounds]).ToArray();
        var minima = ways.Select(_ => double.MaxValue).ToArray();
        for (var round = -1; round < rounds; round++)
        {
            var times = ways.Select(_ => new double[runs]).ToArray();
            for (var run = 0; run < runs; run++)
            {
                for (var turn = 0; turn < ways.Length; turn++)
                {
                    // Nobody is always behind the same other.
                    var way = (turn + run) % ways.Length;
                    var started = Stopwatch.GetTimestamp();
                    await ways[way].Run();
                    times[way][run] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
                }
            }

            for (var way = 0; round >= 0 && way < ways.Length; way++)
            {
                medians[way][round] = InterleavedRounds.Quantile(times[way], 0.5);
                minima[way] = Math.Min(minima[way], times[way].Min());
            }
        }

        return new(title, [.. ways.Select((way, index) => new Timing(
            way.Name, InterleavedRounds.Quantile(medians[index], 0.5), minima[index],
            InterleavedRounds.Quantile([.. medians[index].Zip(medians[0], (one, first) => one / first)], 0.5),
            InterleavedRounds.Quantile([.. medians[index].Zip(medians[0], (one, first) => one - first)], 0.5)))]);
    }

    private sealed record Comparison(string Title, IReadOnlyList<Timing> Ways);

    /// <summary>One way; ratio and difference are against the first.</summary>
    private sealed record Timing(string Way, double Microseconds, double MinimumMicroseconds, double Ratio, double AddedMicroseconds);
}
