using BlindAI.OnnxWriter;
using BlindAI.ReferenceModels.Layers;

namespace BlindAI.ReferenceModels.Networks;

/// <summary>ResNet of 18 layers: basic blocks of two convolutions.</summary>
/// <remarks>Source: He et al., "Deep Residual Learning for Image Recognition" (2015), table 1.</remarks>
internal static class ResNet18
{
    private static readonly int[] Stages = [64, 128, 256, 512];

    public static ReferenceModel Build(ulong seed, int classes)
    {
        var network = new NetworkBuilder("resnet18", seed);
        var value = network.Input("image", OnnxType.Float, NetworkBuilder.Batch, 3, 224, 224);
        var channels = 64;
        value = network.MaxPool(network.Relu(network.Convolution(value, 3, channels, kernel: 7, stride: 2)));
        foreach (var stage in Stages)
        {
            value = BasicBlock(network, value, channels, stage);
            value = BasicBlock(network, value, stage, stage);
            channels = stage;
        }

        network.Output(network.Gemm(network.GlobalAverage(value), channels, classes), "logits", OnnxType.Float, NetworkBuilder.Batch, classes);
        return network.Build();
    }

    private static string BasicBlock(NetworkBuilder network, string value, int inputs, int outputs)
    {
        var stride = inputs == outputs ? 1 : 2;
        var first = network.Relu(network.Convolution(value, inputs, outputs, kernel: 3, stride));
        var second = network.Convolution(first, outputs, outputs, kernel: 3, beforeRelu: false);
        var shortcut = stride == 1 ? value : network.Convolution(value, inputs, outputs, kernel: 1, stride, beforeRelu: false);
        return network.Relu(network.Node("Add", [second, shortcut]));
    }
}
