using BlindAI.OnnxWriter;

namespace BlindAI.Inference.Tests;

/// <summary>Models that several test classes share.</summary>
internal static class SmallModels
{
    /// <summary>Adds in a loop for minutes, unless it is terminated.</summary>
    public static byte[] LongLoop()
    {
        var body = new OnnxGraph("body")
            .Input("iteration", OnnxType.Int64)
            .Input("continue_in", OnnxType.Bool)
            .Input("value_in", OnnxType.Float, "n")
            .Node("Identity", ["continue_in"], ["continue_out"])
            .Node("Add", ["value_in", "value_in"], ["value_out"])
            .Output("continue_out", OnnxType.Bool)
            .Output("value_out", OnnxType.Float, "n");
        return new OnnxGraph("loop")
            .Input("x", OnnxType.Float, "n")
            .Constant("count", OnnxTensor.Scalar(1_000_000_000L))
            .Node("Loop", ["count", "", "x"], ["y"], OnnxAttribute.Graph("body", body))
            .Output("y", OnnxType.Float, "n")
            .ToModel().Encode();
    }
}
