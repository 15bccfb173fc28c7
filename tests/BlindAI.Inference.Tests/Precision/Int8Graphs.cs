using BlindAI.OnnxWriter;

namespace BlindAI.Inference.Tests.Precision;

/// <summary>Models with seeded weights whose products can become integers.</summary>
internal static class Int8Graphs
{
    public static OnnxTensor Weights(int seed, params long[] dimensions)
    {
        var random = new Random(seed);
        return OnnxTensor.Of<float>([.. Enumerable.Range(0, (int)dimensions.Aggregate(1L, (product, dimension) => product * dimension)).Select(_ => (random.NextSingle() - 0.5f) * 0.2f)], dimensions);
    }

    /// <summary>y = x w, w 64 x 64.</summary>
    public static OnnxGraph Product() => new OnnxGraph("product")
        .Input("x", OnnxType.Float, "n", 64).Constant("w", Weights(1, 64, 64)).Node("MatMul", ["x", "w"], ["y"]).Output("y", OnnxType.Float, "n", 64);

    /// <summary>Two layers: a Gemm whose matrix is transposed and scaled, and a product with a bias.</summary>
    public static OnnxGraph Perceptron() => new OnnxGraph("perceptron")
        .Input("x", OnnxType.Float, "n", 64)
        .Constant("w1", Weights(1, 96, 64)).Constant("b1", Weights(2, 96)).Constant("w2", Weights(3, 96, 48)).Constant("b2", Weights(4, 48))
        .Node("Gemm", ["x", "w1", "b1"], ["h"], OnnxAttribute.Int("transB", 1), OnnxAttribute.Float("alpha", 0.5f))
        .Node("Relu", ["h"], ["r"])
        .Node("MatMul", ["r", "w2"], ["p"])
        .Node("Add", ["p", "b2"], ["y"])
        .Output("y", OnnxType.Float, "n", 48);

    /// <summary>An encoder layer as BERT has them: attention of 4 heads over 64 features, then a perceptron, with residuals and normalisation.</summary>
    public static OnnxGraph Encoder()
    {
        const int Width = 64;
        var graph = new OnnxGraph("encoder")
            .Input("x", OnnxType.Float, "n", "tokens", Width)
            .Constant("heads", OnnxTensor.Vector(0L, 0L, 4L, 16L)).Constant("whole", OnnxTensor.Vector(0L, 0L, (long)Width)).Constant("root", OnnxTensor.Scalar(4f))
            .Constant("scale", OnnxTensor.Of<float>([.. Enumerable.Repeat(1f, Width)], Width)).Constant("shift", OnnxTensor.Of<float>(new float[Width], Width));
        foreach (var (name, seed) in new[] { ("q", 1), ("k", 2), ("v", 3) })
        {
            graph.Constant($"w{name}", Weights(seed, Width, Width)).Node("MatMul", ["x", $"w{name}"], [$"{name}0"]).Node("Reshape", [$"{name}0", "heads"], [$"{name}1"])
                .Node("Transpose", [$"{name}1"], [name], OnnxAttribute.Ints("perm", name == "k" ? [0, 2, 3, 1] : [0, 2, 1, 3]));
        }

        return graph
            .Node("MatMul", ["q", "k"], ["s0"]).Node("Div", ["s0", "root"], ["s1"]).Node("Softmax", ["s1"], ["s"], OnnxAttribute.Int("axis", -1))
            .Node("MatMul", ["s", "v"], ["a0"]).Node("Transpose", ["a0"], ["a1"], OnnxAttribute.Ints("perm", 0, 2, 1, 3)).Node("Reshape", ["a1", "whole"], ["a"])
            .Constant("wo", Weights(4, Width, Width)).Node("MatMul", ["a", "wo"], ["o"])
            .Node("Add", ["x", "o"], ["r1"]).Node("LayerNormalization", ["r1", "scale", "shift"], ["n1"], OnnxAttribute.Int("axis", -1))
            .Constant("w1", Weights(5, Width, 256)).Node("MatMul", ["n1", "w1"], ["f1"]).Node("Relu", ["f1"], ["f2"])
            .Constant("w2", Weights(6, 256, Width)).Node("MatMul", ["f2", "w2"], ["f"])
            .Node("Add", ["n1", "f"], ["r2"]).Node("LayerNormalization", ["r2", "scale", "shift"], ["y"], OnnxAttribute.Int("axis", -1))
            .Output("y", OnnxType.Float, "n", "tokens", Width);
    }
}
