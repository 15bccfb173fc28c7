using BlindAI.OnnxWriter;

namespace BlindAI.ReferenceModels.Layers;

/// <summary>Layers over the last dimension, in the operators that PyTorch exports.</summary>
public static class DenseLayers
{
    private const float SmallBias = 0.01f;

    private const float NormalizationEpsilon = 1e-5f;

    /// <summary>A fully connected layer over rows: <c>float32[batch, inputs]</c> to <c>[batch, outputs]</c>.</summary>
    public static string Gemm(this NetworkBuilder network, string rows, int inputs, int outputs, bool beforeRelu = false) => network.Node(
        "Gemm",
        [
            rows,
            network.Constant(beforeRelu ? network.Weights.BeforeRelu(inputs, outputs, inputs) : network.Weights.Linear(inputs, outputs, inputs), "weight"),
            network.Constant(network.Weights.Uniform(SmallBias, outputs), "bias"),
        ],
        OnnxAttribute.Int("transB", 1));

    /// <summary>A fully connected layer over the last of any dimensions.</summary>
    public static string Linear(this NetworkBuilder network, string value, int inputs, int outputs)
    {
        var product = network.Node("MatMul", [value, network.Constant(network.Weights.Linear(inputs, inputs, outputs), "weight")]);
        return network.Node("Add", [network.Constant(network.Weights.Uniform(SmallBias, outputs), "bias"), product]);
    }

    /// <summary>Layer normalisation over the last dimension, with a scale near one.</summary>
    public static string LayerNormalization(this NetworkBuilder network, string value, int width)
    {
        var scale = new float[width];
        network.Weights.Fill(scale, 0.1f);
        for (var index = 0; index < width; index++)
        {
            scale[index] += 1;
        }

        return network.Node(
            "LayerNormalization",
            [value, network.Constant(OnnxTensor.Of<float>(scale, width), "scale"), network.Constant(network.Weights.Uniform(SmallBias, width), "bias")],
            OnnxAttribute.Int("axis", -1),
            OnnxAttribute.Float("epsilon", NormalizationEpsilon));
    }

    /// <summary>max(x, 0).</summary>
    public static string Relu(this NetworkBuilder network, string value) => network.Node("Relu", [value]);

    /// <summary>x * (1 + erf(x / sqrt(2))) / 2, operator by operator.</summary>
    public static string Gelu(this NetworkBuilder network, string value)
    {
        var scaled = network.Node("Div", [value, network.Constant(OnnxTensor.Scalar(1.41421356f))]);
        var shifted = network.Node("Add", [network.Node("Erf", [scaled]), network.Constant(OnnxTensor.Scalar(1f))]);
        return network.Node("Mul", [network.Node("Mul", [value, shifted]), network.Constant(OnnxTensor.Scalar(0.5f))]);
    }
}
