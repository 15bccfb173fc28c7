using System.Runtime.InteropServices;
using BlindAI.OnnxWriter;

namespace TrainCreditForest;

/// <summary>Writes the model as ONNX: dense layers only, so every row takes the same path through the same memory.</summary>
/// <remarks>
/// features FP32[batch, features] to class_probabilities FP32[batch, 2] (good, bad). The splits of all trees are one matrix; after it, the tree is
/// the batch dimension of matrix products. Trees with fewer leaves than the largest are filled with zeros, which vote nothing.
/// </remarks>
public static class CreditModelWriter
{
    public const string Input = "features";

    public const string Output = "class_probabilities";

    public static byte[] Write(CreditModel model, int featureCount)
    {
        var trees = model.Forest.Trees;
        var (count, splits, leaves) = (trees.Count, trees.Max(tree => tree.SplitCount), trees.Max(tree => tree.LeafCount));
        var splitWeights = new float[featureCount * count * splits];
        var splitBiases = new float[count * splits];
        var leafWeights = new float[count * splits * leaves];
        var leafBiases = new float[count * leaves];
        var votes = new float[count * leaves];
        var voteBiases = new float[count];
        for (var index = 0; index < count; index++)
        {
            var tree = trees[index];
            var layers = NeuralTree.Layers.Of(tree.Parameters, tree);
            for (var split = 0; split < tree.SplitCount; split++)
            {
                splitWeights[(tree.Features[split] * count * splits) + (index * splits) + split] = layers.SplitWeights[split];
                for (var leaf = 0; leaf < tree.LeafCount; leaf++)
                {
                    leafWeights[(((index * splits) + split) * leaves) + leaf] = layers.LeafWeights[(leaf * tree.SplitCount) + split];
                }
            }

            layers.SplitBiases.CopyTo(splitBiases.AsSpan(index * splits));
            layers.LeafBiases.CopyTo(leafBiases.AsSpan(index * leaves));
            layers.Votes[..tree.LeafCount].CopyTo(votes.AsSpan(index * leaves));
            voteBiases[index] = layers.Votes[tree.LeafCount];
        }

        // softmax(-z/2, z/2) is (1 - sigmoid(z), sigmoid(z)): the calibration gives both classes at once, and they add up to 1.
        var (slope, offset) = (model.Calibration.Slope / 2, model.Calibration.Offset / 2);
        return new OnnxGraph("credit-forest")
            .Input(Input, OnnxType.Float, "batch", featureCount)
            .Constant("split_weights", OnnxTensor.Of<float>(splitWeights, featureCount, count * splits))
            .Constant("split_biases", OnnxTensor.Of<float>(splitBiases, count * splits))
            .Constant("by_tree", OnnxTensor.Vector<long>(0, count, splits))
            .Constant("leaf_weights", OnnxTensor.Of<float>(leafWeights, count, splits, leaves))
            .Constant("leaf_biases", OnnxTensor.Of<float>(leafBiases, count, 1, leaves))
            .Constant("votes", OnnxTensor.Of<float>(votes, count, leaves, 1))
            .Constant("vote_biases", OnnxTensor.Of<float>(voteBiases, count, 1, 1))
            .Constant("calibration_slope", OnnxTensor.Of<float>([-slope, slope], 1, 2))
            .Constant("calibration_offset", OnnxTensor.Of<float>([-offset, offset], 2))
            .Node("MatMul", [Input, "split_weights"], ["split_products"])
            .Node("Add", ["split_products", "split_biases"], ["split_sums"])
            .Node("Tanh", ["split_sums"], ["split_outputs"])
            .Node("Reshape", ["split_outputs", "by_tree"], ["split_outputs_by_row"])
            .Node("Transpose", ["split_outputs_by_row"], ["split_outputs_by_tree"], OnnxAttribute.Ints("perm", 1, 0, 2))
            .Node("MatMul", ["split_outputs_by_tree", "leaf_weights"], ["leaf_products"])
            .Node("Add", ["leaf_products", "leaf_biases"], ["leaf_sums"])
            .Node("Tanh", ["leaf_sums"], ["leaf_outputs"])
            .Node("MatMul", ["leaf_outputs", "votes"], ["vote_products"])
            .Node("Add", ["vote_products", "vote_biases"], ["tree_votes"])
            .Node("ReduceMean", ["tree_votes"], ["score"], OnnxAttribute.Ints("axes", 0), OnnxAttribute.Int("keepdims", 0))
            .Node("Gemm", ["score", "calibration_slope", "calibration_offset"], ["logits"])
            .Node("Softmax", ["logits"], [Output], OnnxAttribute.Int("axis", 1))
            .Output(Output, OnnxType.Float, "batch", 2)
            .ToModel()
            .Producer("TrainCreditForest")
            .Metadata("classes", "good,bad")
            .Metadata("data", "UCI Statlog (German Credit Data), Hans Hofmann, 1994, CC BY 4.0")
            .Encode();
    }

    /// <summary>The largest difference between ONNX Runtime's probabilities and our own.</summary>
    public static double LargestDifference(byte[] onnx, CreditModel model, LabelledRows rows)
    {
        using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(onnx);
        using var options = new Microsoft.ML.OnnxRuntime.RunOptions();
        using var input = Microsoft.ML.OnnxRuntime.OrtValue.CreateTensorValueFromMemory(
            rows.Features.SelectMany(row => row).ToArray(), [rows.Features.Length, rows.Features[0].Length]);
        using var outputs = session.Run(options, [Input], [input], [Output]);
        var pairs = MemoryMarshal.Cast<float, Pair>(outputs[0].GetTensorDataAsSpan<float>());
        var largest = 0.0;
        var expected = model.Predict(rows);
        for (var row = 0; row < expected.Length; row++)
        {
            largest = Math.Max(largest, Math.Max(Math.Abs(pairs[row].Bad - expected[row]), Math.Abs(pairs[row].Good - (1 - expected[row]))));
        }

        return largest;
    }

    private readonly record struct Pair(float Good, float Bad);
}
