using BlindAI.OnnxWriter;
using BlindAI.ReferenceModels.Layers;

namespace BlindAI.ReferenceModels.Networks;

/// <summary>MobileNetV2: inverted residuals with linear bottlenecks.</summary>
/// <remarks>Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018), table 2.</remarks>
internal static class MobileNetV2
{
    private const int LastChannels = 1280;

    // Expansion, channels, repetitions, stride of the first.
    private static readonly (int Expansion, int Channels, int Count, int Stride)[] Stages =
        [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)];

    public static ReferenceModel Build(ulong seed, int classes)
    {
        var network = new NetworkBuilder("mobilenetv2", seed);
        var value = network.Input("image", OnnxType.Float, NetworkBuilder.Batch, 3, 224, 224);
        var channels = 32;
        value = network.Relu6(network.Convolution(value, 3, channels, kernel: 3, stride: 2));
        foreach (var stage in Stages)
        {
            for (var index = 0; index < stage.Count; index++)
            {
                value = InvertedResidual(network, value, channels, stage.Channels, stage.Expansion, index == 0 ? stage.Stride : 1);
                channels = stage.Channels;
            }
        }

        value = network.Relu6(network.Convolution(value, channels, LastChannels, kernel: 1));
        network.Output(network.Gemm(network.GlobalAverage(value), LastChannels, classes), "logits", OnnxType.Float, NetworkBuilder.Batch, classes);
        return network.Build();
    }

    private static string InvertedResidual(NetworkBuilder network, string value, int inputs, int outputs, int expansion, int stride)
    {
        var wide = inputs * expansion;
        var expanded = expansion == 1 ? value : network.Relu6(network.Convolution(value, inputs, wide, kernel: 1));
        var filtered = network.Relu6(network.Convolution(expanded, wide, wide, kernel: 3, stride, groups: wide));
        var projected = network.Convolution(filtered, wide, outputs, kernel: 1, beforeRelu: false);
        return stride == 1 && inputs == outputs ? network.Node("Add", [value, projected]) : projected;
    }
}
