using BlindAI.Bench.Engine.Contenders;

namespace BlindAI.Bench.Engine.Measuring;

/// <summary>A contender that answers quickly and wrongly is out.</summary>
internal static class AnswerCheck
{
    // Batched runs add in another order.
    private const float Tolerance = 1e-3f;

    /// <summary>Asks as many times at once as the measurement will, and compares every answer.</summary>
    /// <exception cref="InvalidOperationException">An answer is not that of ONNX Runtime alone.</exception>
    public static async Task CheckAsync(Contender contender, Workload workload, float[] expected, int requests)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, requests).Select(async _ => await contender.MakeCaller()()));
        foreach (var answer in answers)
        {
            if (answer.Length != expected.Length || answer.Zip(expected).Any(pair => !(Math.Abs(pair.First - pair.Second) <= Tolerance * Math.Max(1, Math.Abs(pair.Second)))))
            {
                throw new InvalidOperationException($"{contender.Name} answers {workload.Name} wrongly.");
            }
        }
    }
}
