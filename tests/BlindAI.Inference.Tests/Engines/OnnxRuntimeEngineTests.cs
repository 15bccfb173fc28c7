using System.Buffers;
using System.Reflection;
using System.Runtime.InteropServices;
using BlindAI.Inference.Engines;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;
using Microsoft.ML.OnnxRuntime;
using Tensor = BlindAI.Protocol.Tensors.Tensor;

namespace BlindAI.Inference.Tests.Engines;

/// <summary>The engine contract: datatypes, checks before a run, and what a failure says.</summary>
public sealed class OnnxRuntimeEngineTests
{
    private static readonly OnnxRuntimeEngine Engine = new(new());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(OnnxType.Bool, TensorDatatype.Bool)]
    [InlineData(OnnxType.UInt8, TensorDatatype.UInt8)]
    [InlineData(OnnxType.UInt16, TensorDatatype.UInt16)]
    [InlineData(OnnxType.UInt32, TensorDatatype.UInt32)]
    [InlineData(OnnxType.UInt64, TensorDatatype.UInt64)]
    [InlineData(OnnxType.Int8, TensorDatatype.Int8)]
    [InlineData(OnnxType.Int16, TensorDatatype.Int16)]
    [InlineData(OnnxType.Int32, TensorDatatype.Int32)]
    [InlineData(OnnxType.Int64, TensorDatatype.Int64)]
    [InlineData(OnnxType.Float16, TensorDatatype.Fp16)]
    [InlineData(OnnxType.BFloat16, TensorDatatype.Bf16)]
    [InlineData(OnnxType.Float, TensorDatatype.Fp32)]
    [InlineData(OnnxType.Double, TensorDatatype.Fp64)]
    public void Run_Identity_ReturnsTheSameBytes(OnnxType type, TensorDatatype datatype)
    {
        using var model = Load(Bundles.Identity(type));
        var bytes = Enumerable.Range(0, 24 * datatype.ElementSize()!.Value).Select(index => (byte)(index % 2)).ToArray();

        using var outputs = model.Run(Request(new Tensor(datatype, new TensorShape(24), bytes)), Token);

        Assert.Equal(new TensorMetadata("x", datatype, [-1]).ToString(), model.Signature.Inputs[0].ToString());
        var output = Assert.Single(outputs.Tensors);
        Assert.Equal(("y", datatype), (output.Name, output.Tensor.Datatype));
        Assert.Equal(bytes, output.Tensor.Data.ToArray());
    }

    [Fact]
    public void Run_Strings_KeepEveryByte()
    {
        using var model = Load(Bundles.Identity(OnnxType.String));
        var bytes = new ArrayBufferWriter<byte>();
        foreach (var element in new byte[][] { "grün"u8.ToArray(), [], [0, 1, 0], [0xFF, 0xFE] })
        {
            bytes.Write(BitConverter.GetBytes(element.Length));
            bytes.Write(element);
        }

        using var outputs = model.Run(Request(new Tensor(TensorDatatype.Bytes, new TensorShape(4), bytes.WrittenMemory)), Token);

        Assert.Equal(bytes.WrittenMemory.ToArray(), outputs.Tensors[0].Tensor.Data.ToArray());
    }

    [Fact]
    public void Run_MisalignedInput_ReadsTheSameValues()
    {
        using var model = Load(Bundles.Identity());
        var bytes = GC.AllocateUninitializedArray<byte>(9, pinned: true);
        BitConverter.TryWriteBytes(bytes.AsSpan(1), 1.5f);
        BitConverter.TryWriteBytes(bytes.AsSpan(5), -2.5f);

        using var outputs = model.Run(Request(new Tensor(TensorDatatype.Fp32, new TensorShape(2), bytes.AsMemory(1))), Token);

        Assert.Equal([1.5f, -2.5f], outputs.Tensors[0].Tensor.ToArray<float>());
    }

    [Fact]
    public void Run_EmptyTensor_GivesAnEmptyTensor()
    {
        using var model = Load(Bundles.Identity());

        using var outputs = model.Run(Request(Tensor.From<float>([], 0)), Token);

        Assert.Equal("FP32[0]", outputs.Tensors[0].Tensor.ToString());
    }

    [Fact]
    public void Run_OutputsDisposed_TensorsThrow()
    {
        using var model = Load(Bundles.Identity());
        var outputs = model.Run(Request(Tensor.From([1f])), Token);
        var tensor = outputs.Tensors[0].Tensor;

        outputs.Dispose();

        Assert.Throws<ObjectDisposedException>(() => tensor.Data.Span.Length);
    }

    [Fact]
    public void Run_InputOfUnknownRank_TakesAnyShape()
    {
        // Dimensions of nothing and no shape at all differ: this input has a type without a shape.
        using var model = Load(WithoutRank());
        Assert.False(model.Signature.Inputs[0].HasRank);

        using var outputs = model.Run(Request(Tensor.From([1f, 2f, 3f, 4f], 2, 2)), Token);

        Assert.Equal("FP32[2,2]", outputs.Tensors[0].Tensor.ToString());
    }

    [Fact]
    public void Run_RequestedOutputs_ComeInTheirOrder()
    {
        using var model = Load(new OnnxGraph("two")
            .Input("x", OnnxType.Float, "n")
            .Node("Neg", ["x"], ["a"])
            .Node("Abs", ["x"], ["b"])
            .Output("a", OnnxType.Float, "n")
            .Output("b", OnnxType.Float, "n")
            .ToModel().Encode());

        using var all = model.Run(Request(Tensor.From([-1f])), Token);
        using var chosen = model.Run(Request(Tensor.From([-1f])) with { Outputs = ["b", "a"] }, Token);
        using var one = model.Run(Request(Tensor.From([-3f])) with { Outputs = ["b"] }, Token);

        Assert.Equal(["a", "b"], all.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(["b", "a"], chosen.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([3f], Assert.Single(one.Tensors).Tensor.ToArray<float>());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Run_OutputThatIsAnInput_StaysReadableUntilItIsDisposed(int misalignment)
    {
        using var model = Load(new OnnxGraph("through")
            .Input("x", OnnxType.Float, "n")
            .Node("Identity", ["x"], ["y"])
            .Output("x", OnnxType.Float, "n")
            .Output("y", OnnxType.Float, "n")
            .ToModel().Encode());
        var values = Enumerable.Range(0, 4096).Select(number => (float)number).ToArray();
        var bytes = new byte[(values.Length * sizeof(float)) + misalignment];
        MemoryMarshal.AsBytes(values.AsSpan()).CopyTo(bytes.AsSpan(misalignment));

        using var outputs = model.Run(new([new("x", new Tensor(TensorDatatype.Fp32, new TensorShape(values.Length), bytes.AsMemory(misalignment)))]), Token);

        Assert.All(outputs.Tensors, output => Assert.Equal(values, output.Tensor.ToArray<float>()));
    }

    [Fact]
    public void Run_WrongRequests_AreRefusedByName()
    {
        using var model = Load(new OnnxGraph("sum")
            .Input("a", OnnxType.Float, "n", 3)
            .Input("flag", OnnxType.Bool)
            .Node("Identity", ["a"], ["y"])
            .Node("Identity", ["flag"], ["z"])
            .Output("y", OnnxType.Float, "n", 3)
            .Output("z", OnnxType.Bool)
            .ToModel().Encode());
        var a = new NamedTensor("a", Tensor.From(new float[3], 1, 3));
        var flag = new NamedTensor("flag", new Tensor(TensorDatatype.Bool, new TensorShape([]), new byte[] { 1 }));

        Assert.Contains("\"b\"", Refusal(ServingCode.TensorUnknown, [a, flag with { Name = "b" }]).Message, StringComparison.Ordinal);
        Assert.Contains("\"flag\"", Refusal(ServingCode.TensorMissing, [a]).Message, StringComparison.Ordinal);
        Assert.Contains("\"a\"", Refusal(ServingCode.TensorDuplicate, [a, flag, a]).Message, StringComparison.Ordinal);
        Assert.Contains("INT32", Refusal(ServingCode.DatatypeInvalid, [new("a", Tensor.From(new int[3], 1, 3)), flag]).Message, StringComparison.Ordinal);
        Assert.Contains("FP32[-1,3]", Refusal(ServingCode.ShapeInvalid, [new("a", Tensor.From(new float[4], 1, 4)), flag]).Message, StringComparison.Ordinal);
        Assert.Contains("FP32[3]", Refusal(ServingCode.ShapeInvalid, [new("a", Tensor.From(new float[3])), flag]).Message, StringComparison.Ordinal);
        _ = Refusal(ServingCode.TensorUnknown, [a, flag], "q");
        _ = Refusal(ServingCode.TensorDuplicate, [a, flag], "y", "y");

        ServingException Refusal(ServingCode code, NamedTensor[] inputs, params string[] outputs)
        {
            var refusal = Assert.Throws<ServingException>(() => model.Run(new(inputs) { Outputs = outputs }, Token));
            Assert.Equal(code, refusal.Code);
            return refusal;
        }
    }

    [Fact]
    public void Run_FailureThatQuotesTheInput_IsDroppedByLogAndMessage()
    {
        const long Mark = 987654321;
        using var model = Load(new OnnxGraph("lookup")
            .Input("x", OnnxType.Int64, "n")
            .Constant("table", OnnxTensor.Vector(1f, 2f, 3f))
            .Node("Gather", ["table", "x"], ["y"])
            .Output("y", OnnxType.Float, "n")
            .ToModel().Encode());
        var logged = OnnxRuntimeEnvironment.DroppedMessages;

        var failure = Assert.Throws<ServingException>(() => model.Run(Request(Tensor.From([Mark])), Token));

        Assert.Equal(ServingCode.InferenceFailed, failure.Code);
        Assert.DoesNotContain("987654321", failure.ToString(), StringComparison.Ordinal);
        Assert.True(OnnxRuntimeEnvironment.DroppedMessages > logged, "ONNX Runtime logs this failure; the message must have come to the callback that drops it.");
    }

    [Fact]
    public void Run_Cancelled_EndsEarly()
    {
        using var model = Load(SmallModels.LongLoop());
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));

        Assert.ThrowsAny<OperationCanceledException>(() => model.Run(Request(Tensor.From([1f])), cancellation.Token));
    }

    [Theory]
    [InlineData("Frobnicate", "")]
    [InlineData("Frobnicate", "com.microsoft")]
    public void Load_UnknownOperator_IsUnsupportedAndNamed(string operatorType, string domain)
    {
        var refusal = Assert.Throws<ServingException>(() => Load(new OnnxGraph("unknown")
            .Input("x", OnnxType.Float, 1).NodeOf(domain, operatorType, ["x"], ["y"]).Output("y", OnnxType.Float, 1)
            .ToModel().Import("com.microsoft", 1).Encode()));

        Assert.Equal(ServingCode.ModelUnsupported, refusal.Code);
        Assert.Contains(operatorType, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_DanglingNodeInput_IsInvalid()
    {
        var refusal = Assert.Throws<ServingException>(() => Load(new OnnxGraph("dangling")
            .Input("x", OnnxType.Float, 1).Node("Relu", ["secret_name"], ["y"]).Output("y", OnnxType.Float, 1).ToModel().Encode()));

        Assert.Equal(ServingCode.ModelInvalid, refusal.Code);
        Assert.DoesNotContain("secret_name", refusal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ExternalData_ComesFromMemory()
    {
        byte[] weights = [.. new byte[4], .. BitConverter.GetBytes(1f), .. BitConverter.GetBytes(2f)];
        using var bundle = Bundles.Of(("onnx/model.onnx", Bundles.WithExternal("weights.bin", 4, 8)), ("onnx/weights.bin", weights), ("config.json", "{}"u8.ToArray()));
        using var model = Engine.Load(bundle, new(), Token);
        bundle.Dispose();

        using var outputs = model.Run(Request(Tensor.From([10f, 20f])), Token);

        Assert.Equal([11f, 22f], outputs.Tensors[0].Tensor.ToArray<float>());
    }

    [Fact]
    public void OnnxRuntimeApi_Indexes_AreThoseOfTheBinding()
    {
        var fields = typeof(OrtEnv).Assembly.GetType("Microsoft.ML.OnnxRuntime.OrtApi", throwOnError: true)!
            .GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance).Select(field => field.Name).ToList();

        Assert.Equal(2, fields.IndexOf("GetErrorMessage"));
        Assert.Equal(93, fields.IndexOf("ReleaseStatus"));
        Assert.Equal(279, fields.IndexOf("AddExternalInitializersFromFilesInMemory"));
    }

    [Fact]
    public void Version_OfTheNativeLibrary_IsThePackages() => Assert.Equal("1.31.1", OnnxRuntimeEnvironment.Version);

    private static ILoadedModel Load(byte[] model)
    {
        using var bundle = Bundles.Of(model);
        return Engine.Load(bundle, new(), Token);
    }

    private static InferenceRequest Request(Tensor tensor) => new([new("x", tensor)]);

    private static byte[] WithoutRank() => new OnnxGraph("any")
        .Input("x", OnnxTypeProto.TensorOfAnyRank(OnnxType.Float)).Node("Identity", ["x"], ["y"]).Output("y", OnnxTypeProto.TensorOfAnyRank(OnnxType.Float)).ToModel().Encode();
}
