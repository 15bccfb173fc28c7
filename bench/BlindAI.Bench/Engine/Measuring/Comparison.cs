using BlindAI.Bench.Engine.Contenders;

namespace BlindAI.Bench.Engine.Measuring;

/// <summary>Contenders that take turns at one workload with one number of clients: A, B, C, A, B, C.</summary>
internal sealed class Comparison(EngineOptions options, Progress progress)
{
    private const double WarmUpShare = 0.4;

    // A turn of 32 clients of a heavy model takes seconds until the last is answered.
    private const int ManyClients = 32;

    private const int RoundsOfMany = 3;

    /// <summary>Measures the contenders that are prepared; the first is what the others are compared with.</summary>
    /// <param name="name">The comparison's name.</param>
    /// <param name="contenders">The prepared contenders.</param>
    /// <param name="clients">Callers at a time. Contenders in this process get as many threads, but no more than there are processors.</param>
    /// <param name="turnSeconds">Seconds of one turn in a full run.</param>
    public async Task<IReadOnlyList<Measurement>> MeasureAsync(string name, IReadOnlyList<Contender> contenders, int clients, double turnSeconds)
    {
        var callers = contenders.Select(contender => Callers(contender, clients)).ToArray();
        var turns = contenders.Select(_ => new List<Turn>()).ToArray();
        var rounds = clients >= ManyClients ? Math.Min(options.Rounds, RoundsOfMany) : options.Rounds;
        for (var round = -1; round < rounds; round++)
        {
            for (var index = 0; index < contenders.Count; index++)
            {
                var duration = options.Turn(turnSeconds) * (round < 0 ? WarmUpShare : 1);
                var turn = await ClosedLoop.RunAsync(contenders[index], callers[index], duration);
                if (round >= 0)
                {
                    turns[index].Add(turn);
                }
            }
        }

        IReadOnlyList<Measurement> measurements = [.. contenders.Select((contender, index) => Summarise(name, clients, contender.Name, turns[index], turns[0]))];
        foreach (var measurement in measurements)
        {
            progress.Say(measurement);
        }

        return measurements;
    }

    private static IReadOnlyList<Func<ValueTask<float[]>>> Callers(Contender contender, int clients)
    {
        var count = contender.RunsInProcess ? Math.Min(clients, Environment.ProcessorCount) : clients;
        return [.. Enumerable.Range(0, count).Select(_ => contender.MakeCaller())];
    }

    private static Measurement Summarise(string name, int clients, string contender, List<Turn> turns, List<Turn> first)
    {
        double[] all = [.. turns.SelectMany(turn => turn.Microseconds).Order()];
        return new()
        {
            Comparison = name,
            Clients = clients,
            Contender = contender,
            Requests = all.Length,
            P50Microseconds = Quantiles.OfSorted(all, 0.5),
            P99Microseconds = Quantiles.OfSorted(all, 0.99),
            RequestsPerSecond = Quantiles.Median(turns.Select(turn => turn.Throughput)),
            LatencyRatio = Quantiles.Median(turns.Zip(first, (one, other) => one.P50 / other.P50)),
            ThroughputRatio = Quantiles.Median(turns.Zip(first, (one, other) => one.Throughput / other.Throughput)),
            RoundThroughputs = [.. turns.Select(turn => turn.Throughput)],
            RoundP50s = [.. turns.Select(turn => turn.P50)],
        };
    }
}
