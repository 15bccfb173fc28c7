using BlindAI.OnnxWriter;

namespace BlindAI.Client.Tests;

/// <summary>Small models for the tests.</summary>
internal static class TestModels
{
    /// <summary>float32[n] to its double.</summary>
    public static byte[] Doubling { get; } = new OnnxGraph("double")
        .Input("x", OnnxType.Float, "n")
        .Output("y", OnnxType.Float, "n")
        .Node("Add", ["x", "x"], ["y"])
        .ToModel().Encode();

    /// <summary>Multiplies two large matrices as often as asked: int64 rounds to float32[1]. Some 50 ms a round.</summary>
    public static byte[] Slow { get; } = MakeSlow();

    /// <summary>A folder bundle whose weights lie beside the graph: float32[n, 2] times [[1,2],[3,4]].</summary>
    public static void WriteFolder(string folder)
    {
        var weights = new byte[16];
        Buffer.BlockCopy(new[] { 1f, 2f, 3f, 4f }, 0, weights, 0, weights.Length);
        File.WriteAllBytes(Path.Combine(folder, "weights.bin"), weights);
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), new OnnxGraph("external")
            .Input("x", OnnxType.Float, "n", 2)
            .Output("y", OnnxType.Float, "n", 2)
            .Constant("w", OnnxTensor.External(OnnxType.Float, "weights.bin", 0, 16, 2, 2))
            .Node("MatMul", ["x", "w"], ["y"])
            .ToModel().Encode());
        File.WriteAllText(Path.Combine(folder, "config.json"), "{}");
    }

    private static byte[] MakeSlow()
    {
        const int Size = 512;
        var body = new OnnxGraph("body")
            .Input("i", OnnxType.Int64)
            .Input("go_in", OnnxType.Bool)
            .Input("m_in", OnnxType.Float, Size, Size)
            .Output("go_out", OnnxType.Bool)
            .Output("m_out", OnnxType.Float, Size, Size)
            .Node("Identity", ["go_in"], ["go_out"])
            .Node("MatMul", ["m_in", "m_in"], ["product"])
            .Node("Tanh", ["product"], ["m_out"]);
        return new OnnxGraph("slow")
            .Input("rounds", OnnxType.Int64)
            .Output("y", OnnxType.Float)
            .Constant("go", OnnxTensor.Scalar(true))
            .Constant("shape", OnnxTensor.Vector<long>(Size, Size))
            .Node("ConstantOfShape", ["shape"], ["start"], OnnxAttribute.Tensor("value", OnnxTensor.Vector(0.01f)))
            .Node("Loop", ["rounds", "go", "start"], ["end"], OnnxAttribute.Graph("body", body))
            .Node("ReduceMax", ["end"], ["y"], OnnxAttribute.Int("keepdims", 0))
            .ToModel().Encode();
    }
}
