using System.Text.Encodings.Web;
using System.Text.Json;

namespace BlindAI.Bench.Engine.Report;

/// <summary>Every figure of a run, for programs.</summary>
internal static class ResultsFile
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(string path, EngineOptions options, Machine machine, EngineResults results, IReadOnlyList<Goal> goals) => File.WriteAllText(path, JsonSerializer.Serialize(new
    {
        Machine = machine,
        Method = new { options.Rounds, options.IsQuick, options.Only, Text = Method.Text },
        Goals = goals.Select(goal => new { goal.What, Goal = goal.Aim, goal.Reached, goal.Note, Met = goal.IsMet }),
        results.Measurements,
        results.Responsiveness,
        results.OpenLoop,
        results.Memory,
        results.Allocation,
        results.Native,
        results.Absent,
        results.Failures,
    }, Options) + '\n');
}
