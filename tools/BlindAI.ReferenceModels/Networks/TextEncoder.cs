using BlindAI.OnnxWriter;
using BlindAI.ReferenceModels.Layers;

namespace BlindAI.ReferenceModels.Networks;

/// <summary>A BERT encoder with a classifier on its first token.</summary>
/// <remarks>Source: Devlin et al., "BERT" (2018); Sanh et al., "DistilBERT" (2019), which leaves segments out, as all here do.</remarks>
internal static class TextEncoder
{
    public const int Vocabulary = 30522;

    private const int MaxTokens = 512;

    private const int Labels = 2;

    private const float EmbeddingLimit = 0.05f;

    public static ReferenceModel Build(string name, ulong seed, int layers, int width, int heads)
    {
        var network = new NetworkBuilder(name, seed);
        var ids = network.Input("input_ids", OnnxType.Int64, NetworkBuilder.Batch, NetworkBuilder.Sequence);
        var mask = network.Input("attention_mask", OnnxType.Int64, NetworkBuilder.Batch, NetworkBuilder.Sequence);
        var value = network.LayerNormalization(Embed(network, ids, width), width);
        var attentionBias = network.AttentionBias(mask);
        for (var layer = 0; layer < layers; layer++)
        {
            value = network.EncoderLayer(value, attentionBias, width, heads);
        }

        var first = network.Node("Gather", [value, network.Constant(OnnxTensor.Scalar(0L))], OnnxAttribute.Int("axis", 1));
        var pooled = network.Relu(network.Gemm(first, width, width, beforeRelu: true));
        network.Output(network.Gemm(pooled, width, Labels), "logits", OnnxType.Float, NetworkBuilder.Batch, Labels);
        return network.Build();
    }

    // Token and position; the positions are as many as there are tokens.
    private static string Embed(NetworkBuilder network, string ids, int width)
    {
        var tokens = network.Node("Gather", [network.Constant(network.Weights.Uniform(EmbeddingLimit, Vocabulary, width), "tokens"), ids]);
        var length = network.Node("Slice", [network.Node("Shape", [ids]), network.Constant(OnnxTensor.Vector(1L)), network.Constant(OnnxTensor.Vector(2L))]);
        var table = network.Constant(network.Weights.Uniform(EmbeddingLimit, MaxTokens, width), "positions");
        var positions = network.Node("Slice", [table, network.Constant(OnnxTensor.Vector(0L)), length, network.Constant(OnnxTensor.Vector(0L))]);
        return network.Node("Add", [tokens, positions]);
    }
}
