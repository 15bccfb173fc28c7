using BlindAI.OnnxWriter;

namespace BlindAI.ReferenceModels.Layers;

/// <summary>Layers over <c>float32[batch, channels, height, width]</c>. Batch normalisation is folded into the convolution's weights and bias, as exporters do.</summary>
public static class ConvolutionLayers
{
    private const float SmallBias = 0.01f;

    /// <summary>A square convolution that keeps the size at stride 1.</summary>
    /// <param name="network">The network.</param>
    /// <param name="value">What goes in.</param>
    /// <param name="inputs">Channels in.</param>
    /// <param name="outputs">Channels out.</param>
    /// <param name="kernel">The odd length of the kernel's side.</param>
    /// <param name="stride">The step.</param>
    /// <param name="groups">Groups of channels that do not see each other; as many as channels make it depthwise.</param>
    /// <param name="beforeRelu">Whether a ReLU follows, which halves the variance.</param>
    public static string Convolution(
        this NetworkBuilder network, string value, int inputs, int outputs, int kernel, int stride = 1, int groups = 1, bool beforeRelu = true)
    {
        var (perGroup, padding) = (inputs / groups, kernel / 2);
        var inputsOfOneOutput = perGroup * kernel * kernel;
        var weights = beforeRelu
            ? network.Weights.BeforeRelu(inputsOfOneOutput, outputs, perGroup, kernel, kernel)
            : network.Weights.Linear(inputsOfOneOutput, outputs, perGroup, kernel, kernel);
        return network.Node(
            "Conv",
            [value, network.Constant(weights, "weight"), network.Constant(network.Weights.Uniform(SmallBias, outputs), "bias")],
            OnnxAttribute.Ints("dilations", 1, 1),
            OnnxAttribute.Int("group", groups),
            OnnxAttribute.Ints("kernel_shape", kernel, kernel),
            OnnxAttribute.Ints("pads", padding, padding, padding, padding),
            OnnxAttribute.Ints("strides", stride, stride));
    }

    /// <summary>min(max(x, 0), 6).</summary>
    public static string Relu6(this NetworkBuilder network, string value) =>
        network.Node("Clip", [value, network.Constant(OnnxTensor.Scalar(0f)), network.Constant(OnnxTensor.Scalar(6f))]);

    /// <summary>The largest of each 3 by 3, at every second place.</summary>
    public static string MaxPool(this NetworkBuilder network, string value) => network.Node(
        "MaxPool", [value], OnnxAttribute.Ints("kernel_shape", 3, 3), OnnxAttribute.Ints("pads", 1, 1, 1, 1), OnnxAttribute.Ints("strides", 2, 2));

    /// <summary>The mean of each channel: <c>float32[batch, channels]</c>.</summary>
    public static string GlobalAverage(this NetworkBuilder network, string value) =>
        network.Node("Flatten", [network.Node("GlobalAveragePool", [value])], OnnxAttribute.Int("axis", 1));
}
