using System.Security.Cryptography;
using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Inference.Precision;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;
using BlindAI.Protocol.Wire;
using BlindAI.Testing;

namespace BlindAI.Inference.Tests.Precision;

/// <summary>The derived form runs, is close to the uploaded one, and changes nothing but products with constant matrices.</summary>
public sealed class Int8RewriterTests
{
    private static readonly OnnxRuntimeEngine Engine = new(new());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("distilbert-tiny-sst2", 13, 0.01)]
    [InlineData("neural-random-forest-credit", 2, 0.02)]
    [InlineData("m5-spoken-digits", 1, 0.1)]
    public void Load_SharedModel_DecidesTheSame(string name, int matrices, double tolerance)
    {
        const string Missing = "The shared models are missing: set BLINDAI_SHARED to the folder that holds models/.";
        Assert.False(RepositoryRoot.SharedModels is null && RepositoryRoot.IsContinuousIntegration, Missing);
        Assert.SkipWhen(RepositoryRoot.SharedModels is null, Missing);
        var folder = Path.Combine(RepositoryRoot.SharedModels, name);
        using var bundle = Bundles.Of(File.ReadAllBytes(Path.Combine(folder, "model.onnx")));
        var (model, form) = Int8Loader.Load(Engine, bundle, new(), measures: true, Token);
        bundle.Dispose();                                   // the loaded model must not need its bytes
        using var derived = model;

        using var outputs = derived.Run(new(Read(folder, "input__")), Token);

        Assert.Equal((matrices, "dynamic-int8-1"), (form.Matrices, form.Transformation));
        Assert.InRange(form.BytesAfter, 1, form.BytesBefore - 1);
        Assert.NotNull(form.Accuracy);
        Assert.InRange(form.Accuracy.RelativeRms, 0, 0.01);
        foreach (var (output, expected) in Read(folder, "expected__"))
        {
            var actual = outputs.Tensors.Single(tensor => tensor.Name == output).Tensor;
            AssertClose(expected, actual, tolerance);
            var rows = (int)expected.Shape[0];
            Assert.Equal(Decisions(expected, rows), Decisions(actual, rows));
        }
    }

    [Fact]
    public void Load_Perceptron_IsClose() => AssertClose(Int8Graphs.Perceptron(), matrices: 2, relativeRms: 0.01);

    [Fact]
    public void Load_Encoder_IsClose() => AssertClose(Int8Graphs.Encoder(), matrices: 6, relativeRms: 0.01);

    [Fact]
    public void Load_StackOfMatrices_IsClose() => AssertClose(new OnnxGraph("stack")
        .Input("x", OnnxType.Float, "n", 1, 1, 40).Constant("w", Int8Graphs.Weights(1, 3, 40, 50)).Node("MatMul", ["x", "w"], ["y"]).Output("y", OnnxTypeProto.TensorOfAnyRank(OnnxType.Float)),
        matrices: 1, relativeRms: 0.01);

    [Fact]
    public void Load_ActivationOfOneDimension_IsClose() => AssertClose(new OnnxGraph("vector")
        .Input("x", OnnxType.Float, 64).Constant("w", Int8Graphs.Weights(1, 64, 64)).Node("MatMul", ["x", "w"], ["y"]).Output("y", OnnxType.Float, 64),
        matrices: 1, relativeRms: 0.01);

    [Fact]
    public void Load_ColumnsOfUnlikeSize_KeepTheirResolution()
    {
        // One scale for the whole matrix would leave nothing of the small columns; this test fails with it.
        var weights = Enumerable.Range(0, 64 * 64).Select(index => (float)Math.Sin(index) * (index % 64 == 0 ? 1000f : 0.001f)).ToArray();
        using var bundle = Bundles.Of(new OnnxGraph("columns").Input("x", OnnxType.Float, "n", 64).Constant("w", OnnxTensor.Of<float>(weights, 64, 64))
            .Node("MatMul", ["x", "w"], ["product"]).Constant("from", OnnxTensor.Vector(1L)).Constant("to", OnnxTensor.Vector(64L)).Constant("axis", OnnxTensor.Vector(1L))
            .Node("Slice", ["product", "from", "to", "axis"], ["y"]).Output("y", OnnxType.Float, "n", 63).ToModel().Encode());
        var (model, form) = Int8Loader.Load(Engine, bundle, new(), measures: true, Token);
        model.Dispose();

        Assert.InRange(form.Accuracy!.RelativeRms, 0, 0.02);
    }

    [Fact]
    public void Load_RowsOfLargeNumbers_DoNotSaturate()
    {
        // 255 x 127 x 2 does not fit the 16 bits in which some processors add pairs.
        using var bundle = Bundles.Of(new OnnxGraph("large").Input("x", OnnxType.Float, "n", 64).Constant("w", OnnxTensor.Of<float>([.. Enumerable.Repeat(1f, 64 * 64)], 64, 64))
            .Node("MatMul", ["x", "w"], ["y"]).Output("y", OnnxType.Float, "n", 64).ToModel().Encode());
        var (model, _) = Int8Loader.Load(Engine, bundle, new(), measures: false, Token);
        using var derived = model;

        using var outputs = derived.Run(new([new("x", Tensor.From([.. Enumerable.Repeat(3f, 64)], 1, 64))]), Token);

        Assert.All(outputs.Tensors[0].Tensor.ToArray<float>(), value => Assert.Equal(192f, value, 0.01f));
    }

    [Fact]
    public void Load_NoRows_GivesNone()
    {
        using var bundle = Bundles.Of(Int8Graphs.Product().ToModel().Encode());
        var (model, _) = Int8Loader.Load(Engine, bundle, new(), measures: false, Token);
        using var derived = model;

        using var outputs = derived.Run(new([new("x", Tensor.From<float>([], 0, 64))]), Token);

        Assert.Equal("FP32[0,64]", outputs.Tensors[0].Tensor.ToString());
    }

    [Fact]
    public void Load_DerivedForm_IsKnownToShareScales()
    {
        using var bundle = Bundles.Of(Int8Graphs.Product().ToModel().Encode());
        var (model, _) = Int8Loader.Load(Engine, bundle, new(), measures: false, Token);
        using var derived = model;

        Assert.True(derived.Traits.SharesScales);
    }

    [Fact]
    public void Rewrite_Model_KeepsEveryOtherByte()
    {
        var bytes = Int8Graphs.Encoder().ToModel().Metadata("author", "somebody").Encode();
        var derived = Rewrite(bytes, out var form);

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(derived)), form.Sha256);
        Assert.Equal((bytes.Length, derived.Length), (form.BytesBefore, form.BytesAfter));
        Assert.Equal(Fields(bytes, 7, keepsGraph: false), Fields(derived, 7, keepsGraph: false));
        var (before, after) = (Fields(Graph(bytes)), Fields(Graph(derived)));
        var gone = before.Except(after).ToList();
        Assert.Equal(6 + 6, gone.Count);                    // six products, six matrices
        Assert.Equal(before.Except(gone), after.Where(before.Contains));
        Assert.All(after.Except(before), added => Assert.Contains(Hex($"int8/{Convert.ToHexStringLower(SHA256.HashData(bytes))[..32]}/"), added, StringComparison.Ordinal));

        // The three products of the input share one quantisation.
        Assert.Equal(4, after.Count(field => field.Contains(Hex("DynamicQuantizeLinear"), StringComparison.Ordinal)));
        Assert.Equal(6, after.Count(field => field.Contains(Hex("MatMulInteger"), StringComparison.Ordinal)));
    }

    [Fact]
    public void Rewrite_SameModel_GivesTheSameBytes()
    {
        var bytes = Int8Graphs.Encoder().ToModel().Encode();

        Assert.Equal(Rewrite(bytes, out _), Rewrite(bytes, out _));
    }

    [Fact]
    public void Rewrite_DerivedForm_HasNothingLeftToDo()
    {
        var derived = Rewrite(Int8Graphs.Encoder().ToModel().Encode(), out _);

        AssertRefused("nothing", derived);
    }

    [Fact]
    public void Rewrite_ExternalMatrix_IsReadFromTheBundle()
    {
        var weights = Enumerable.Range(0, 64 * 64).SelectMany(index => BitConverter.GetBytes((float)Math.Sin(index))).ToArray();
        var graph = new OnnxGraph("external").Input("x", OnnxType.Float, "n", 64)
            .Constant("w", OnnxTensor.External(OnnxType.Float, "w.bin", 8, weights.Length, 64, 64)).Constant("b", OnnxTensor.External(OnnxType.Float, "b.bin", 0, 256, 64))
            .Node("Gemm", ["x", "w", "b"], ["y"]).Output("y", OnnxType.Float, "n", 64);
        var model = graph.ToModel().Encode();
        using var bundle = Bundles.Of(("onnx/model.onnx", model), ("onnx/w.bin", [.. new byte[8], .. weights]), ("onnx/b.bin", new byte[256]));
        var (loaded, form) = Int8Loader.Load(Engine, bundle, new(), measures: true, Token);
        loaded.Dispose();

        Assert.Equal(model.Length + weights.Length, form.BytesBefore);
        Assert.InRange(form.Accuracy!.RelativeRms, 0, 0.01);
        Assert.All(bundle.Files, file => Assert.NotEmpty(file.Bytes));      // the upload stays the upload's own
    }

    [Fact]
    public void Rewrite_ManyMatricesOfTheSameExternalBytes_IsRefused()
    {
        // A few hundred bytes each, that would become 4 KiB each.
        var graph = new OnnxGraph("bomb").Input("x", OnnxType.Float, "n", 64).Output("y99", OnnxType.Float, "n", 64);
        for (var index = 0; index < 100; index++)
        {
            graph.Constant($"w{index}", OnnxTensor.External(OnnxType.Float, "w.bin", 0, 64 * 64 * 4, 64, 64)).Node("MatMul", [index == 0 ? "x" : $"y{index - 1}", $"w{index}"], [$"y{index}"]);
        }

        using var bundle = Bundles.Of(("model.onnx", graph.ToModel().Encode()), ("w.bin", new byte[64 * 64 * 4]));

        var refusal = Assert.Throws<ServingException>(() => Int8Rewriter.Rewrite(bundle, OnnxInspector.Inspect(bundle)));

        Assert.Equal(ServingCode.ModelUnsupported, refusal.Code);
        Assert.Contains("no smaller", refusal.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, OnnxModel> Unfit => new()
    {
        { "nothing", new OnnxGraph("none").Input("x", OnnxType.Float, "n").Node("Neg", ["x"], ["y"]).Output("y", OnnxType.Float, "n").ToModel() },
        { "nothing", Change(graph => graph.Node("Neg", ["w"], ["z"]).Output("z", OnnxType.Float, 64, 64)) },
        { "nothing", Change(graph => graph.Output("w", OnnxType.Float, 64, 64)) },
        { "nothing", Change(graph => graph.Input("w", OnnxType.Float, 64, 64)) },
        { "nothing", Change(graph => graph.Node("MatMul", ["w", "w"], ["z"]).Output("z", OnnxType.Float, 64, 64)) },
        { "nothing", Change(graph => graph.Node("Gemm", ["x", "w"], ["z"], OnnxAttribute.Int("transB", 1)).Output("z", OnnxType.Float, "n", 64)) },
        { "nothing", Change(graph => graph.Node("Gemm", ["x", "w"], ["z"], OnnxAttribute.Float("alpha", 2)).Output("z", OnnxType.Float, "n", 64)) },
        {
            "nothing", Change(graph => graph.Constant("c", OnnxTensor.Scalar(true)).Node("If", ["c"], ["z"],
                OnnxAttribute.Graph("then_branch", Branch()), OnnxAttribute.Graph("else_branch", Branch())).Output("z", OnnxType.Float, 64, 64))
        },
        { "nothing", Single("MatMul", Int8Graphs.Weights(1, 63, 64), 63) },
        { "nothing", Single("MatMul", OnnxTensor.Of<float>([.. Enumerable.Repeat(1f, (64 * 64) - 1), float.NaN], 64, 64), 64) },
        { "nothing", Single("MatMul", OnnxTensor.Of<float>([.. Enumerable.Repeat(1f, (64 * 64) - 1), float.NegativeInfinity], 64, 64), 64) },
        { "nothing", Single("Gemm", Int8Graphs.Weights(1, 64, 64), 64, OnnxAttribute.Int("transA", 1)) },
        { "version 10 of the standard operators", Int8Graphs.Product().ToModel(opset: 10) },
        { "imports no version", new OnnxModel(Int8Graphs.Product()).Import("com.microsoft", 1) },
        {
            "redefines a standard operator", Int8Graphs.Product().ToModel().Function("", new OnnxGraph("MatMulInteger")
                .Input("a", OnnxType.UInt8).Node("Neg", ["a"], ["b"]).Output("b", OnnxType.Int32))
        },
    };

    [Theory]
    [MemberData(nameof(Unfit), DisableDiscoveryEnumeration = true)]
    public void Rewrite_UnfitModel_IsRefused(string reason, OnnxModel model) => AssertRefused(reason, model.Encode());

    [Fact]
    public void Rewrite_BetaOfABias_StaysAsItIs()
    {
        AssertRefused("nothing", Gemm(2f, "b"));
        _ = Rewrite(Gemm(1f, "b"), out _);
        _ = Rewrite(Gemm(2f, null), out _);

        static byte[] Gemm(float beta, string? bias) => new OnnxGraph("beta").Input("x", OnnxType.Float, "n", 64).Constant("w", Int8Graphs.Weights(1, 64, 64)).Constant("b", Int8Graphs.Weights(2, 64))
            .Node("Gemm", bias is null ? ["x", "w"] : ["x", "w", bias], ["y"], OnnxAttribute.Float("beta", beta)).Output("y", OnnxType.Float, "n", 64).ToModel().Encode();
    }

    [Fact]
    public void Rewrite_ColumnOfZeros_StaysZero()
    {
        using var bundle = Bundles.Of(Single("MatMul", OnnxTensor.Of<float>([.. Enumerable.Range(0, 64 * 64).Select(index => index % 2 == 0 ? 0f : 1e-45f)], 64, 64), 64).Encode());
        var (model, _) = Int8Loader.Load(Engine, bundle, new(), measures: false, Token);
        using var derived = model;

        using var outputs = derived.Run(new([new("x", Tensor.From([.. Enumerable.Repeat(1f, 64)], 1, 64))]), Token);

        Assert.All(outputs.Tensors[0].Tensor.ToArray<float>(), value => Assert.Equal(0f, value));
    }

    private static OnnxModel Single(string operatorType, OnnxTensor matrix, int rows, params ReadOnlySpan<OnnxAttribute> attributes) => new OnnxGraph("single")
        .Input("x", OnnxType.Float, "n", rows).Constant("w", matrix).Node(operatorType, ["x", "w"], ["y"], attributes).Output("y", OnnxType.Float, "n", 64).ToModel();

    private static OnnxModel Change(Func<OnnxGraph, OnnxGraph> change) => change(Int8Graphs.Product()).ToModel();

    private static OnnxGraph Branch() => new OnnxGraph("branch").Node("Neg", ["w"], ["inner"]).Output("inner", OnnxType.Float, 64, 64);

    private static void AssertClose(OnnxGraph graph, int matrices, double relativeRms)
    {
        using var bundle = Bundles.Of(graph.ToModel().Encode());
        var (model, form) = Int8Loader.Load(Engine, bundle, new(), measures: true, Token);
        using var derived = model;
        using var asUploaded = Engine.Load(bundle, new(), Token);

        Assert.Equal(matrices, form.Matrices);
        Assert.Equal(8, form.Accuracy!.Runs);
        Assert.InRange(form.Accuracy.RelativeRms, double.Epsilon, relativeRms);
        Assert.Equal(form.Accuracy, AccuracyNote.Measure(asUploaded, derived, Token));
        Assert.Equal(asUploaded.Signature.Inputs.Concat(asUploaded.Signature.Outputs).Select(tensor => $"{tensor.Name}: {tensor}"),
            derived.Signature.Inputs.Concat(derived.Signature.Outputs).Select(tensor => $"{tensor.Name}: {tensor}"));
    }

    private static void AssertRefused(string reason, byte[] model)
    {
        using var bundle = Bundles.Of(model);
        var refusal = Assert.Throws<ServingException>(() => Int8Rewriter.Rewrite(bundle, OnnxInspector.Inspect(bundle)));
        Assert.Equal(ServingCode.ModelUnsupported, refusal.Code);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("precision=as-uploaded", refusal.Hint, StringComparison.Ordinal);
    }

    private static byte[] Rewrite(byte[] model, out DerivedForm form)
    {
        using var bundle = Bundles.Of(model);
        (form, BundleFile file) = Int8Rewriter.Rewrite(bundle, OnnxInspector.Inspect(bundle));
        return file.Bytes;
    }

    private static byte[] Graph(byte[] model)
    {
        var reader = new ProtobufReader(model);
        while (reader.TryReadField())
        {
            if (reader.FieldNumber == 7)
            {
                return reader.ReadBytes().ToArray();
            }
        }

        throw new InvalidOperationException("No graph.");
    }

    private static List<string> Fields(byte[] message, int except = 0, bool keepsGraph = true)
    {
        var fields = new List<string>();
        var reader = new ProtobufReader(message);
        for (var start = 0; reader.TryReadField(); start = reader.Offset)
        {
            reader.SkipField();
            if (keepsGraph || reader.FieldNumber != except)
            {
                fields.Add(Convert.ToHexStringLower(message[start..reader.Offset]));
            }
        }

        return fields;
    }

    private static string Hex(string text) => Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(text));

    private static void AssertClose(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.ToString(), actual.ToString());
        Assert.All(expected.ToArray<float>().Zip(actual.ToArray<float>()), pair => Assert.Equal(pair.First, pair.Second, tolerance));
    }

    private static int[] Decisions(Tensor tensor, int rows) =>
        [.. tensor.ToArray<float>().Chunk((int)tensor.Shape.ElementCount / rows).Select(row => Array.IndexOf(row, row.Max()))];

    private static List<NamedTensor> Read(string folder, string prefix) =>
        [.. Directory.GetFiles(Path.Combine(folder, "io"), prefix + "*.npy").Select(path => new NamedTensor(Path.GetFileNameWithoutExtension(path)[prefix.Length..], Npy.Read(path)))];
}
