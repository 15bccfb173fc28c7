using BlindAI.OnnxWriter;
using BlindAI.ReferenceModels.Layers;

namespace BlindAI.ReferenceModels.Networks;

/// <summary>Fully connected layers with ReLU between them.</summary>
internal static class Perceptron
{
    public static ReferenceModel Build(string name, ulong seed, params ReadOnlySpan<int> widths)
    {
        var network = new NetworkBuilder(name, seed);
        var value = network.Input("features", OnnxType.Float, NetworkBuilder.Batch, widths[0]);
        for (var layer = 1; layer < widths.Length; layer++)
        {
            var isLast = layer == widths.Length - 1;
            value = network.Gemm(value, widths[layer - 1], widths[layer], beforeRelu: !isLast);
            value = isLast ? value : network.Relu(value);
        }

        network.Output(value, "logits", OnnxType.Float, NetworkBuilder.Batch, widths[^1]);
        return network.Build();
    }
}
