using BlindAI.Bench.Engine.Contenders;
using BlindAI.Bench.Engine.Measuring;
using BlindAI.Bench.Engine.Server;

namespace BlindAI.Bench.Engine.Sections;

/// <summary>What all sections share: the options, the models, our server's process, and where results go.</summary>
internal sealed record EngineSession(EngineOptions Options, Progress Progress, Workloads Workloads, OurServer Server, EngineResults Results)
{
    public Comparison Comparison => new(Options, Progress);

    /// <summary>What ONNX Runtime alone answers.</summary>
    public static async Task<float[]> ExpectAsync(Workload workload)
    {
        await using var raw = new RawContender();
        await raw.PrepareAsync(workload);
        return [.. await raw.MakeCaller()()];
    }

    /// <summary>Prepares those who can take part and checks their answers; says why others cannot.</summary>
    public async Task<List<Contender>> PrepareAsync(Workload workload, string comparison, IReadOnlyList<Contender> contenders, bool isChecked = true)
    {
        var ready = new List<Contender>();
        var expected = isChecked ? await ExpectAsync(workload) : [];
        foreach (var contender in contenders)
        {
            if (await contender.PrepareAsync(workload) is { } reason)
            {
                Report(comparison, contender.Name, reason);
                continue;
            }

            if (isChecked)
            {
                await AnswerCheck.CheckAsync(contender, workload, expected, contender.RunsInProcess ? 1 : 8);
            }

            ready.Add(contender);
        }

        return ready;
    }

    /// <summary>Runs a part of the suite. If it fails, the others go on, the results name it, and the bench ends with an error.</summary>
    public async Task TryAsync(string part, Func<Task> run)
    {
        try
        {
            await run();
        }
        catch (Exception exception)
        {
            Progress.Say($"{part} FAILED: {exception}");
            Results.Failures.Add($"{part}: {exception.Message}");
        }
    }

    /// <summary>Notes that somebody did not take part.</summary>
    public void Report(string comparison, string contender, string reason)
    {
        Progress.Say($"{comparison}, {contender}: absent: {reason}");
        Results.Absent.Add($"{comparison}, {contender}: {reason}");
    }
}
