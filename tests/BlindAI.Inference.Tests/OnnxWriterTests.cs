using BlindAI.OnnxWriter;
using Microsoft.ML.OnnxRuntime;

namespace BlindAI.Inference.Tests;

/// <summary>ONNX Runtime takes what the writer writes, and refuses what was written to be refused.</summary>
public sealed class OnnxWriterTests
{
    [Fact]
    public void Encode_AffineModel_RunsWithSymbolicBatch()
    {
        var model = new OnnxGraph("affine")
            .Input("x", OnnxType.Float, "batch", 2)
            .Constant("w", OnnxTensor.Of<float>([1, 2, 3, 4, 5, 6], 2, 3))
            .Constant("b", OnnxTensor.Vector(10f, 20f, 30f))
            .Node("Gemm", ["x", "w", "b"], ["y"], OnnxAttribute.Float("alpha", 2))
            .Output("y", OnnxType.Float, "batch", 3)
            .ToModel()
            .Metadata("purpose", "test");

        using var session = new InferenceSession(model.Encode());

        Assert.Equal([-1, 2], session.InputMetadata["x"].Dimensions);
        Assert.Equal(["batch", ""], session.InputMetadata["x"].SymbolicDimensions);
        Assert.Equal("BlindAI.OnnxWriter", session.ModelMetadata.ProducerName);
        Assert.Equal("test", session.ModelMetadata.CustomMetadataMap["purpose"]);
        Assert.Equal([12, 24, 36, 18, 30, 42], Run<float, float>(session, [1, 0, 0, 1], 2, 2));
    }

    [Theory]
    [InlineData(true, 3f)]
    [InlineData(false, -1f)]
    public void Encode_IfWithSubgraphs_TakesTheBranch(bool condition, float expected)
    {
        var add = new OnnxGraph("then").Node("Add", ["a", "b"], ["sum"]).Output("sum", OnnxType.Float, 1);
        var subtract = new OnnxGraph("else").Node("Sub", ["a", "b"], ["difference"]).Output("difference", OnnxType.Float, 1);
        var model = new OnnxGraph("branches")
            .Input("x", OnnxType.Bool)
            .Constant("a", OnnxTensor.Vector(1f))
            .Constant("b", OnnxTensor.Vector(2f))
            .Node("If", ["x"], ["y"], OnnxAttribute.Graph("then_branch", add), OnnxAttribute.Graph("else_branch", subtract))
            .Output("y", OnnxType.Float, 1)
            .ToModel();

        using var session = new InferenceSession(model.Encode());

        Assert.Equal([expected], Run<bool, float>(session, [condition]));
    }

    [Fact]
    public void Encode_Loop_CarriesItsState()
    {
        var body = new OnnxGraph("body")
            .Input("iteration", OnnxType.Int64)
            .Input("continue_in", OnnxType.Bool)
            .Input("value_in", OnnxType.Float, 1)
            .Node("Identity", ["continue_in"], ["continue_out"])
            .Node("Add", ["value_in", "value_in"], ["value_out"])
            .Output("continue_out", OnnxType.Bool)
            .Output("value_out", OnnxType.Float, 1);
        var model = new OnnxGraph("doubling")
            .Input("x", OnnxType.Float, 1)
            .Constant("count", OnnxTensor.Scalar(5L))
            .Node("Loop", ["count", "", "x"], ["y"], OnnxAttribute.Graph("body", body))
            .Output("y", OnnxType.Float, 1)
            .ToModel();

        using var session = new InferenceSession(model.Encode());

        Assert.Equal([96f], Run<float, float>(session, [3f], 1));
    }

    [Fact]
    public void Encode_EveryAttributeKind_IsUnderstood()
    {
        var model = new OnnxGraph("attributes")
            .Input("x", OnnxType.Float, 1, 1, 2, 2)
            .Node("Constant", [], ["kernel"], OnnxAttribute.Tensor("value", OnnxTensor.Of<float>([1, 1, 1, 1], 1, 1, 2, 2)))
            .Node("Constant", [], ["offset"], OnnxAttribute.Floats("value_floats", 0.5f))
            .Node("Conv", ["x", "kernel"], ["c"], OnnxAttribute.Ints("strides", 1, 1), OnnxAttribute.String("auto_pad", "VALID"), OnnxAttribute.Int("group", 1))
            .Value("c", OnnxType.Float, 1, 1, 1, 1)
            .Node("Add", ["c", "offset"], ["d"])
            .Node("LeakyRelu", ["d"], ["y"], OnnxAttribute.Float("alpha", 0.1f))
            .Output("y", OnnxType.Float, 1, 1, 1, 1)
            .ToModel();

        using var session = new InferenceSession(model.Encode());

        Assert.Equal([10.5f], Run<float, float>(session, [1, 2, 3, 4], 1, 1, 2, 2));
    }

    [Fact]
    public void Encode_StringsAndMachineLearningDomain_MapTextToNumbers()
    {
        var model = new OnnxGraph("labels")
            .Input("x", OnnxType.String, "n")
            .NodeOf("ai.onnx.ml", "LabelEncoder", ["x"], ["y"],
                OnnxAttribute.Strings("keys_strings", "rot", "grün"), OnnxAttribute.Ints("values_int64s", 1, 2), OnnxAttribute.Int("default_int64", -1))
            .Output("y", OnnxType.Int64, "n")
            .ToModel()
            .Import("ai.onnx.ml", 2);

        using var session = new InferenceSession(model.Encode());
        using var input = OrtValue.CreateFromStringTensor(new Microsoft.ML.OnnxRuntime.Tensors.DenseTensor<string>(new[] { "grün", "blau" }, [2]));
        using var options = new RunOptions();
        using var outputs = session.Run(options, ["x"], [input], ["y"]);

        Assert.Equal([2, -1], outputs[0].GetTensorDataAsSpan<long>().ToArray());
    }

    [Fact]
    public void Encode_StringConstant_ComesBack()
    {
        var model = new OnnxGraph("text")
            .Input("x", OnnxType.Int64, "n")
            .Constant("words", OnnxTensor.OfStrings(["eins", "zwei", "drei"], 3))
            .Node("Gather", ["words", "x"], ["y"])
            .Output("y", OnnxType.String, "n")
            .ToModel();

        using var session = new InferenceSession(model.Encode());
        using var input = OrtValue.CreateTensorValueFromMemory(new long[] { 2, 0 }, [2]);
        using var options = new RunOptions();
        using var outputs = session.Run(options, ["x"], [input], ["y"]);

        Assert.Equal(["drei", "eins"], outputs[0].GetStringTensorAsArray());
    }

    [Fact]
    public void Encode_FunctionOfTheModel_IsCalled()
    {
        var body = new OnnxGraph("Square").Input("a", OnnxType.Float).Node("Mul", ["a", "a"], ["b"]).Output("b", OnnxType.Float);
        var model = new OnnxGraph("caller")
            .Input("x", OnnxType.Float, "n")
            .NodeOf("local", "Square", ["x"], ["y"])
            .Output("y", OnnxType.Float, "n")
            .ToModel()
            .Import("local", 1)
            .Function("local", body);

        using var session = new InferenceSession(model.Encode());

        Assert.Equal([9f, 16f], Run<float, float>(session, [3, 4], 2));
    }

    [Fact]
    public void Encode_ExternalConstant_IsReadFromBesideTheModel()
    {
        var folder = Directory.CreateTempSubdirectory("onnx-writer-");
        try
        {
            File.WriteAllBytes(Path.Combine(folder.FullName, "weights.bin"), [0, 0, 0, 0, 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40]);
            File.WriteAllBytes(Path.Combine(folder.FullName, "model.onnx"), WithExternal("weights.bin", offset: 4, length: 8).Encode());

            using var session = new InferenceSession(Path.Combine(folder.FullName, "model.onnx"));

            Assert.Equal([11f, 22f], Run<float, float>(session, [10, 20], 2));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("../weights.bin")]
    [InlineData("/etc/hostname")]
    [InlineData("")]
    public void Encode_HostileExternalPath_IsWrittenAndRefusedByTheRuntime(string path)
    {
        var model = WithExternal(path, offset: 0, length: 8).Encode();

        Assert.ThrowsAny<OnnxRuntimeException>(() => new InferenceSession(model));
    }

    [Theory]
    [InlineData("", "NoSuchOperator")]
    [InlineData("com.example.unknown", "Identity")]
    public void Encode_UnknownOperatorOrDomain_IsWrittenAndRefusedByTheRuntime(string domain, string operatorType)
    {
        var model = new OnnxGraph("unknown")
            .Input("x", OnnxType.Float, 1)
            .NodeOf(domain, operatorType, ["x"], ["y"])
            .Output("y", OnnxType.Float, 1)
            .ToModel()
            .Import("com.example.unknown", 1);

        Assert.ThrowsAny<OnnxRuntimeException>(() => new InferenceSession(model.Encode()));
    }

    [Fact]
    public void Encode_Twice_GivesTheSameBytes() =>
        Assert.Equal(WithExternal("weights.bin", 0, 8).Encode(), WithExternal("weights.bin", 0, 8).Encode());

    private static OnnxModel WithExternal(string location, long? offset, long? length) => new OnnxGraph("external")
        .Input("x", OnnxType.Float, 2)
        .Constant("w", OnnxTensor.External(OnnxType.Float, location, offset, length, 2))
        .Node("Add", ["x", "w"], ["y"])
        .Output("y", OnnxType.Float, 2)
        .ToModel();

    private static TOut[] Run<TIn, TOut>(InferenceSession session, TIn[] values, params long[] shape)
        where TIn : unmanaged
        where TOut : unmanaged
    {
        using var input = OrtValue.CreateTensorValueFromMemory(values, shape);
        using var options = new RunOptions();
        using var outputs = session.Run(options, ["x"], [input], ["y"]);
        return outputs[0].GetTensorDataAsSpan<TOut>().ToArray();
    }
}
