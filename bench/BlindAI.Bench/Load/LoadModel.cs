using BlindAI.Client.Models;
using BlindAI.OnnxWriter;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Bench.Load;

/// <summary>A model whose right answer to any input is known, exactly: every answer is checked against its own question.</summary>
internal sealed record LoadModel(string Name, byte[] Bytes, SchedulingOptions? Scheduling, Func<int, Tensor> Ask, Func<Tensor, Tensor, bool> IsRight)
{
    private const int Columns = 512;

    private const int Pixels = 3 * 224 * 224;

    /// <summary>One that runs where it is received, one that is batched, one with large inputs, one of text.</summary>
    public static IReadOnlyList<LoadModel> All { get; } = [Affine("tiny", factor: 3), Shuffle(), Corners(), Text()];

    /// <summary>y = factor · x + 1 over a row of eight.</summary>
    public static LoadModel Affine(string name, float factor) => new(
        name,
        new OnnxGraph("affine").Input("x", OnnxType.Float, "batch", 8)
            .Constant("factor", OnnxTensor.Scalar(factor)).Constant("one", OnnxTensor.Scalar(1f))
            .Node("Mul", ["x", "factor"], ["product"]).Node("Add", ["product", "one"], ["y"]).Output("y", OnnxType.Float, "batch", 8).ToModel().Encode(),
        Scheduling: null,
        seed => Tensor.From(Values(seed, 8), 1, 8),
        (question, answer) => question.ToArray<float>().Select(value => (value * factor) + 1).SequenceEqual(answer.ToArray<float>()));

    // Multiplication by a permutation moves values and changes none, so a batch's rows come back to the bit.
    private static LoadModel Shuffle()
    {
        var matrix = new float[Columns * Columns];
        for (var column = 0; column < Columns; column++)
        {
            matrix[(Source(column) * Columns) + column] = 1;
        }

        return new(
            "batched",
            new OnnxGraph("shuffle").Input("x", OnnxType.Float, "batch", Columns).Constant("w", OnnxTensor.Of<float>(matrix, Columns, Columns))
                .Node("MatMul", ["x", "w"], ["y"]).Output("y", OnnxType.Float, "batch", Columns).ToModel().Encode(),
            new() { MaxBatchSize = 16 },
            seed => Tensor.From(Values(seed, (1 + (seed % 3)) * Columns), 1 + (seed % 3), Columns),
            (question, answer) =>
            {
                var (asked, answered) = (question.ToArray<float>(), answer.ToArray<float>());
                return asked.Length == answered.Length && Enumerable.Range(0, asked.Length).All(index => answered[index] == asked[(index / Columns * Columns) + Source(index % Columns)]);
            });

        static int Source(int column) => ((column * 5) + 3) % Columns;
    }

    private static LoadModel Corners() => new(
        "image",
        new OnnxGraph("corners").Input("x", OnnxType.Float, "batch", 3, 224, 224)
            .Constant("starts", OnnxTensor.Vector(0L, 0L)).Constant("ends", OnnxTensor.Vector(long.MaxValue, long.MaxValue)).Constant("axes", OnnxTensor.Vector(2L, 3L)).Constant("steps", OnnxTensor.Vector(223L, 223L))
            .Node("Slice", ["x", "starts", "ends", "axes", "steps"], ["y"]).Output("y", OnnxType.Float, "batch", 3, 2, 2).ToModel().Encode(),
        Scheduling: null,
        seed => Tensor.From(Values(seed, Pixels), 1, 3, 224, 224),
        (question, answer) =>
        {
            var asked = question.AsSpan<float>();
            var answered = answer.AsSpan<float>();
            for (var corner = 0; corner < answered.Length; corner++)
            {
                if (answered[corner] != asked[(corner / 4 * 224 * 224) + (corner / 2 % 2 * 223 * 224) + (corner % 2 * 223)])
                {
                    return false;
                }
            }

            return answered.Length == 12;
        });

    private static LoadModel Text() => new(
        "text",
        new OnnxGraph("text").Input("x", OnnxType.String, "n").Node("Identity", ["x"], ["y"]).Output("y", OnnxType.String, "n").ToModel().Encode(),
        Scheduling: null,
        seed => Tensor.FromStrings([.. Enumerable.Range(0, 1 + (seed % 5)).Select(index => $"question {seed} part {index}")]),
        (question, answer) => question.Data.Span.SequenceEqual(answer.Data.Span));

    private static float[] Values(int seed, int count)
    {
        var values = new float[count];
        for (var index = 0; index < count; index++)
        {
            values[index] = seed % 100_003 + (index % 97 / 128f);
        }

        return values;
    }
}
