using BlindAI.OnnxWriter;

namespace BlindAI.ReferenceModels.Layers;

/// <summary>The layers of a transformer over <c>float32[batch, sequence, width]</c>, in the operators that PyTorch exports.</summary>
public static class AttentionLayers
{
    /// <summary>What is added to the score of a token that is not there: the least float.</summary>
    private const float Never = float.MinValue;

    /// <summary>From <c>int64[batch, sequence]</c> of ones and zeros to what is added to scores: <c>float32[batch, 1, 1, sequence]</c>.</summary>
    public static string AttentionBias(this NetworkBuilder network, string mask)
    {
        var expanded = network.Node("Unsqueeze", [mask, network.Constant(OnnxTensor.Vector(1L, 2L))]);
        var present = network.Node("Cast", [expanded], OnnxAttribute.Int("to", (long)OnnxType.Float));
        var absent = network.Node("Sub", [network.Constant(OnnxTensor.Scalar(1f)), present]);
        return network.Node("Mul", [absent, network.Constant(OnnxTensor.Scalar(Never))]);
    }

    /// <summary>Self-attention with several heads, its output projection included.</summary>
    public static string SelfAttention(this NetworkBuilder network, string value, string attentionBias, int width, int heads)
    {
        var length = width / heads;
        var query = Heads(network, network.Linear(value, width, width), heads, length, 0, 2, 1, 3);
        var key = Heads(network, network.Linear(value, width, width), heads, length, 0, 2, 3, 1);
        var values = Heads(network, network.Linear(value, width, width), heads, length, 0, 2, 1, 3);
        var scores = network.Node("Div", [network.Node("MatMul", [query, key]), network.Constant(OnnxTensor.Scalar(MathF.Sqrt(length)))]);
        var weights = network.Node("Softmax", [network.Node("Add", [scores, attentionBias])], OnnxAttribute.Int("axis", -1));
        var context = network.Node("Transpose", [network.Node("MatMul", [weights, values])], OnnxAttribute.Ints("perm", 0, 2, 1, 3));
        return network.Linear(network.Node("Reshape", [context, network.Constant(OnnxTensor.Vector(0L, 0L, width))]), width, width);
    }

    /// <summary>An encoder layer as BERT has it: attention and a feed-forward network of four times the width, each added and then normalised.</summary>
    public static string EncoderLayer(this NetworkBuilder network, string value, string attentionBias, int width, int heads)
    {
        var attended = network.LayerNormalization(network.Node("Add", [network.SelfAttention(value, attentionBias, width, heads), value]), width);
        var inner = network.Gelu(network.Linear(attended, width, 4 * width));
        return network.LayerNormalization(network.Node("Add", [network.Linear(inner, 4 * width, width), attended]), width);
    }

    // A zero keeps the dimension: batch and sequence are whatever they are.
    private static string Heads(NetworkBuilder network, string value, int heads, int length, params ReadOnlySpan<long> order) => network.Node(
        "Transpose",
        [network.Node("Reshape", [value, network.Constant(OnnxTensor.Vector(0L, 0L, heads, length))])],
        OnnxAttribute.Ints("perm", order.ToArray()));
}
