using System.Text.Json;
using Microsoft.ML.OnnxRuntime;

namespace TrainCreditForest.Tests;

/// <summary>The three files that are committed beside the quickstart belong together.</summary>
public sealed class QuickstartFilesTests
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    [Fact]
    public void CommittedModel_CommittedApplicants_GivesProbabilities()
    {
        var folder = Path.Combine(Root(), "examples", "Quickstart");
        var encoding = JsonSerializer.Deserialize<CreditEncoding>(File.ReadAllText(Path.Combine(folder, "encoding.json")), Web)!;
        using var applicants = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "applicants.json")));
        float[] features =
        [
            .. applicants.RootElement.EnumerateArray().SelectMany(applicant =>
                encoding.Encode([.. encoding.Columns.Select(column => applicant.GetProperty("attributes").GetProperty(column.Name).GetString()!)])),
        ];

        using var session = new InferenceSession(Path.Combine(folder, "credit-forest.onnx"));
        using var options = new RunOptions();
        using var input = OrtValue.CreateTensorValueFromMemory(features, [8, encoding.FeatureCount]);
        using var outputs = session.Run(options, [CreditModelWriter.Input], [input], [CreditModelWriter.Output]);
        var probabilities = outputs[0].GetTensorDataAsSpan<float>().ToArray();

        Assert.Equal([-1, encoding.FeatureCount], session.InputMetadata[CreditModelWriter.Input].Dimensions);
        Assert.Equal(16, probabilities.Length);
        Assert.All(probabilities, probability => Assert.InRange(probability, 0, 1));
        Assert.All(probabilities.Chunk(2), row => Assert.Equal(1, row[0] + row[1], 1e-6f));
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "BlindAI.slnx")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
