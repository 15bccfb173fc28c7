using System.Diagnostics;

namespace BlindAI.Bench;

/// <summary>Measures both ways in turns, one request at a time, after one round that is not counted.</summary>
internal static class InterleavedRounds
{
    public static async Task<BenchResult> MeasureAsync(BenchModel model, int rounds, RawRun raw, RemoteRun remote)
    {
        var rawMedians = new double[rounds];
        var serverMedians = new double[rounds];
        var serverTails = new double[rounds];
        var (rawMinimum, serverMinimum) = (double.MaxValue, double.MaxValue);
        for (var round = -1; round < rounds; round++)
        {
            var rawTimes = new double[model.RunsPerRound];
            for (var run = 0; run < rawTimes.Length; run++)
            {
                var started = Stopwatch.GetTimestamp();
                raw.Run();
                rawTimes[run] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
            }

            var serverTimes = new double[model.RunsPerRound];
            var answer = Array.Empty<float>();
            for (var run = 0; run < serverTimes.Length; run++)
            {
                var started = Stopwatch.GetTimestamp();
                answer = await remote.RunAsync();
                serverTimes[run] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
            }

            if (!raw.Result.SequenceEqual(answer))
            {
                throw new InvalidOperationException($"{model.Name}: the server's answer is not that of ONNX Runtime alone.");
            }

            if (round >= 0)
            {
                rawMedians[round] = Quantile(rawTimes, 0.5);
                serverMedians[round] = Quantile(serverTimes, 0.5);
                serverTails[round] = Quantile(serverTimes, 0.99);
                rawMinimum = Math.Min(rawMinimum, rawTimes.Min());
                serverMinimum = Math.Min(serverMinimum, serverTimes.Min());
            }
        }

        var pairs = rawMedians.Zip(serverMedians).ToList();
        return new(
            model.Name, rounds, model.RunsPerRound, Quantile(rawMedians, 0.5), Quantile(serverMedians, 0.5), Quantile(serverTails, 0.5),
            Quantile([.. pairs.Select(pair => pair.Second / pair.First)], 0.5), Quantile([.. pairs.Select(pair => pair.Second - pair.First)], 0.5), rawMinimum, serverMinimum);
    }

    /// <summary>The value below which that part of the values lies.</summary>
    public static double Quantile(double[] values, double quantile)
    {
        var sorted = values.Order().ToArray();
        return sorted[(int)Math.Round((sorted.Length - 1) * quantile)];
    }
}
