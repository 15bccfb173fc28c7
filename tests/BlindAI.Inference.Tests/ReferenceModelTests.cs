using System.Runtime.InteropServices;
using System.Security.Cryptography;
using BlindAI.OnnxWriter;
using BlindAI.ReferenceModels;
using Microsoft.ML.OnnxRuntime;

namespace BlindAI.Inference.Tests;

/// <summary>The reference models are what their names say, and the same on every day.</summary>
public sealed class ReferenceModelTests
{
    private const float Tolerance = 1e-3f;

    private static readonly Dictionary<string, Func<ReferenceModel>> Builders = new(StringComparer.Ordinal)
    {
        ["tiny-mlp"] = () => ModelZoo.TinyPerceptron(),
        ["wide-mlp"] = () => ModelZoo.WidePerceptron(),
        ["mobilenetv2"] = () => ModelZoo.MobileNetV2(),
        ["resnet18"] = () => ModelZoo.ResNet18(),
        ["bert4"] = () => ModelZoo.Bert4(),
        ["distilbert"] = () => ModelZoo.DistilBert(),
    };

    [Theory]
    [InlineData("tiny-mlp", 8, 2, 0.002)]
    [InlineData("wide-mlp", 8, 10, 84.1)]
    [InlineData("mobilenetv2", 8, 1000, 13.9)]
    [InlineData("resnet18", 8, 1000, 46.7)]
    [InlineData("bert4", 8, 2, 76.7)]
    [InlineData("bert4", 128, 2, 76.7)]
    [InlineData("distilbert", 8, 2, 267.8)]
    public void Build_EveryModel_RunsAloneAsInABatch(string name, int sequence, int classes, double megabytes)
    {
        var model = Builders[name]();
        using var file = new MemoryStream();
        model.Onnx.WriteTo(file);
        Assert.InRange(file.Length / 1e6, megabytes * 0.97, (megabytes * 1.03) + 0.002);
        using var options = new SessionOptions { IntraOpNumThreads = 1 };
        using var session = new InferenceSession(file.ToArray(), options);

        var together = Run(session, model, batch: 3, sequence, row: null);

        Assert.Equal(3 * classes, together.Length);
        Assert.All(together, value => Assert.True(float.IsFinite(value)));
        Assert.True(together.Max() - together.Min() > 1e-3, "The answers do not differ.");
        for (var row = 0; row < 3; row++)
        {
            var alone = Run(session, model, batch: 1, sequence, row);
            Assert.Equal(classes, alone.Length);
            foreach (var (expected, actual) in alone.Zip(together[(row * classes)..]))
            {
                Assert.Equal(expected, actual, Tolerance * Math.Max(1, Math.Abs(expected)));
            }
        }

        // A row that gave the others' answer would pass the comparison above.
        Assert.NotEqual(together[..classes], together[classes..(2 * classes)]);
    }

    [Theory]
    [InlineData("tiny-mlp")]
    [InlineData("mobilenetv2")]
    [InlineData("resnet18")]
    [InlineData("bert4")]
    public void WriteTo_SameSeed_GivesTheSameFile(string name)
    {
        Assert.Equal(Hash(Builders[name]()), Hash(Builders[name]()));
    }

    [Fact]
    public void WriteTo_AnotherSeed_GivesAnotherFile() => Assert.NotEqual(Hash(ModelZoo.TinyPerceptron(1)), Hash(ModelZoo.TinyPerceptron(2)));

    [Fact]
    public void WriteTo_TinyPerceptron_GivesTheFileThatWasMeasured() =>
        Assert.StartsWith("0c648228fe4f610afd4cd9ba50cca6ce", Hash(ModelZoo.TinyPerceptron()), StringComparison.Ordinal);

    private static string Hash(ReferenceModel model)
    {
        using var hash = SHA256.Create();
        using (var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
        {
            model.Onnx.WriteTo(stream);
        }

        return Convert.ToHexStringLower(hash.Hash!);
    }

    // A row of the batch of three, or all three of them.
    private static float[] Run(InferenceSession session, ReferenceModel model, int batch, int sequence, int? row)
    {
        var inputs = model.Inputs.ToDictionary(input => input.Name, input =>
        {
            var bytes = SampleTensors.Make(input, seed: 7, batch: 3, sequence);
            var length = bytes.Length / 3;
            return Value(input, row is { } only ? bytes.AsSpan(only * length, length).ToArray() : bytes, input.Shape(batch, sequence));
        }, StringComparer.Ordinal);
        try
        {
            using var options = new RunOptions();
            using var outputs = session.Run(options, inputs, [model.Outputs[0].Name]);
            Assert.Equal(model.Outputs[0].Shape(batch, sequence), outputs[0].GetTensorTypeAndShape().Shape);
            return outputs[0].GetTensorDataAsSpan<float>().ToArray();
        }
        finally
        {
            foreach (var value in inputs.Values)
            {
                value.Dispose();
            }
        }
    }

    private static OrtValue Value(TensorDescription input, byte[] bytes, long[] shape) => input.Type == OnnxType.Int64
        ? OrtValue.CreateTensorValueFromMemory(MemoryMarshal.Cast<byte, long>(bytes).ToArray(), shape)
        : OrtValue.CreateTensorValueFromMemory(MemoryMarshal.Cast<byte, float>(bytes).ToArray(), shape);
}
