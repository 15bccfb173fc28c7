using BlindAI.OnnxWriter;

namespace BlindAI.Bench;

/// <summary>A multilayer perceptron of ReLU layers with weights that are the same in every run.</summary>
internal sealed record BenchModel(string Name, int Batch, int[] Widths, int RunsPerRound)
{
    /// <summary>One whose run costs nothing, so that only the server shows; one whose run is most of the time.</summary>
    public static IReadOnlyList<BenchModel> All { get; } =
    [
        new("tiny-mlp", Batch: 1, [4, 16, 3], RunsPerRound: 500),
        new("wide-mlp", Batch: 16, [1024, 2048, 2048, 10], RunsPerRound: 20),
    ];

    public int InputLength => Batch * Widths[0];

    public int OutputLength => Batch * Widths[^1];

    public float[] MakeInput() => Wave(InputLength, scale: 1);

    public byte[] Encode()
    {
        var graph = new OnnxGraph(Name).Input("x", OnnxType.Float, "batch", Widths[0]);
        var value = "x";
        for (var layer = 1; layer < Widths.Length; layer++)
        {
            var (rows, columns) = (Widths[layer - 1], Widths[layer]);
            var isLast = layer == Widths.Length - 1;
            var sum = isLast ? "y" : $"sum{layer}";
            graph.Constant($"w{layer}", OnnxTensor.Of<float>(Wave(rows * columns, 1f / rows), rows, columns))
                .Constant($"b{layer}", OnnxTensor.Of<float>(Wave(columns, 0.1f), columns))
                .Node("Gemm", [value, $"w{layer}", $"b{layer}"], [sum]);
            value = isLast ? sum : $"value{layer}";
            if (!isLast)
            {
                graph.Node("Relu", [sum], [value]);
            }
        }

        return graph.Output("y", OnnxType.Float, "batch", Widths[^1]).ToModel().Encode();
    }

    private static float[] Wave(int length, float scale)
    {
        var values = new float[length];
        for (var index = 0; index < length; index++)
        {
            values[index] = scale * MathF.Sin(index * 0.7f);
        }

        return values;
    }
}
