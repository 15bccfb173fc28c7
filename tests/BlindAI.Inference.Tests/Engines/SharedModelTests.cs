using BlindAI.Inference.Engines;
using BlindAI.Protocol.Tensors;
using BlindAI.Testing;

namespace BlindAI.Inference.Tests.Engines;

/// <summary>Real models answer as they did where they were exported.</summary>
public sealed class SharedModelTests
{
    [Theory]
    [InlineData("chest-xray-cnn-tiny")]
    [InlineData("distilbert-tiny-sst2")]
    [InlineData("facenet-relative-dlib-resnet")]
    [InlineData("m5-speaker")]
    [InlineData("m5-spoken-digits")]
    [InlineData("neural-random-forest-credit")]
    [InlineData("wav2vec2-tiny-digits")]
    [InlineData("word2vec-document-search")]
    [InlineData("yolov5n-coco")]
    public void Run_SharedModel_GivesExpectedOutputs(string name)
    {
        const string Missing = "The shared models are missing: set BLINDAI_SHARED to the folder that holds models/.";
        Assert.False(RepositoryRoot.SharedModels is null && RepositoryRoot.IsContinuousIntegration, Missing);
        Assert.SkipWhen(RepositoryRoot.SharedModels is null, Missing);
        var folder = Path.Combine(RepositoryRoot.SharedModels, name);
        using var bundle = Bundles.Of(File.ReadAllBytes(Path.Combine(folder, "model.onnx")));
        using var model = new OnnxRuntimeEngine(new()).Load(bundle, new(), TestContext.Current.CancellationToken);
        bundle.Dispose();                                   // the loaded model must not need its bytes

        using var outputs = model.Run(new(Read(folder, "input__")), TestContext.Current.CancellationToken);

        var expected = Read(folder, "expected__").ToDictionary(tensor => tensor.Name, tensor => tensor.Tensor);
        Assert.Equal(expected.Count, outputs.Tensors.Count);
        foreach (var (outputName, actual) in outputs.Tensors)
        {
            Assert.Equal(expected[outputName].Shape, actual.Shape);
            AssertClose(expected[outputName], actual);
        }
    }

    private static List<NamedTensor> Read(string folder, string prefix) =>
        [.. Directory.GetFiles(Path.Combine(folder, "io"), prefix + "*.npy").Select(path => new NamedTensor(Path.GetFileNameWithoutExtension(path)[prefix.Length..], Npy.Read(path)))];

    // 2e-3 of the value, or of 1 for small ones: what other processors and other kernels may differ by.
    private static void AssertClose(Tensor expected, Tensor actual)
    {
        if (expected.Datatype == TensorDatatype.Int64)
        {
            Assert.Equal(expected.ToArray<long>(), actual.ToArray<long>());
            return;
        }

        var left = expected.AsSpan<float>();
        var right = actual.AsSpan<float>();
        for (var index = 0; index < left.Length; index++)
        {
            Assert.True(Math.Abs(left[index] - right[index]) <= 2e-3f * Math.Max(1, Math.Abs(left[index])), $"Element {index}: {left[index]} and {right[index]}.");
        }
    }
}
