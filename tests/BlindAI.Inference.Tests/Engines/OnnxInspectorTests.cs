using BlindAI.Inference.Engines;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Wire;

namespace BlindAI.Inference.Tests.Engines;

/// <summary>What is refused before ONNX Runtime sees it. All of it goes through the engine, so that nothing gets past by another way.</summary>
public sealed class OnnxInspectorTests
{
    private static readonly OnnxRuntimeEngine Engine = new(new());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Load_RandomBytes_AreInvalid()
    {
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var bytes = new byte[random.Next(1, 600)];
            random.NextBytes(bytes);

            AssertRefused(bytes, ServingCode.ModelInvalid, ServingCode.ModelUnsupported);
        }
    }

    [Theory]
    [InlineData("This is no model.")]
    [InlineData("{\"a\": 1}")]
    [InlineData("\u0089PNG")]
    public void Load_AnotherFile_AsksWhetherItIsOnnx(string text)
    {
        using var bundle = Bundles.Of(("model.onnx", System.Text.Encoding.Latin1.GetBytes(text)));

        var refusal = Assert.Throws<ServingException>(() => Engine.Load(bundle, new(), Token));

        Assert.Equal((ServingCode.ModelInvalid, "is this an .onnx file?"), (refusal.Code, refusal.Hint));
    }

    [Fact]
    public void Load_ModelCutAnywhere_IsRefused()
    {
        // The writer puts the operator sets after the graph, so that every cut loses something that a model needs.
        var model = Bundles.Identity();
        for (var length = 0; length < model.Length; length++)
        {
            if (length > 0)
            {
                AssertRefused(model[..length], ServingCode.ModelInvalid, ServingCode.ModelUnsupported);
            }
        }
    }

    [Fact]
    public void Load_ModelWithAnyBitFlipped_NeverCrashes()
    {
        var model = Bundles.WithExternal("w.bin", 0, 8);
        for (var bit = 0; bit < model.Length * 8; bit++)
        {
            var flipped = (byte[])model.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            using var bundle = Bundles.Of(("model.onnx", flipped), ("w.bin", new byte[8]));
            try
            {
                Engine.Load(bundle, new(), Token).Dispose();
            }
            catch (ServingException refusal)
            {
                Assert.True(refusal.Code is ServingCode.ModelInvalid or ServingCode.ModelUnsupported or ServingCode.ExternalDataRefused, $"Bit {bit}: {refusal.Message}");
            }
        }
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData(".hidden")]
    [InlineData("./w.bin")]
    [InlineData("sub//w.bin")]
    [InlineData("w.bin\0")]
    [InlineData("*/_ORT_MEM_ADDR_/*")]
    [InlineData("absent.bin")]
    [InlineData("C:\\w.bin")]
    public void Load_ExternalDataElsewhere_IsRefused(string location) => AssertExternalRefused(Bundles.WithExternal(location, 0, 8));

    [Theory]
    [InlineData(1L, 8L)]
    [InlineData(9L, null)]
    [InlineData(long.MaxValue, 8L)]
    [InlineData(-1L, 8L)]
    [InlineData(0L, long.MaxValue)]
    [InlineData(0L, -8L)]
    public void Load_ExternalDataBeyondItsFile_IsRefused(long offset, long? length) => AssertExternalRefused(Bundles.WithExternal("w.bin", offset, length));

    [Theory]
    [InlineData("location", "w.bin")]
    [InlineData("prepacked_weights", "1")]
    [InlineData("basepath", "/")]
    public void Load_ExternalDataWithDoubledOrUnknownEntry_IsRefused(string key, string value) => AssertExternalRefused(new OnnxGraph("external")
        .Input("x", OnnxType.Float, 2)
        .Constant("w", OnnxTensor.External(OnnxType.Float, [new("location", "w.bin"), new(key, value)], 2))
        .Node("Add", ["x", "w"], ["y"])
        .Output("y", OnnxType.Float, 2)
        .ToModel().Encode());

    [Fact]
    public void Load_ExternalDataInsideANode_IsRefused() => AssertExternalRefused(new OnnxGraph("external")
        .Node("Constant", [], ["y"], OnnxAttribute.Tensor("value", OnnxTensor.External(OnnxType.Float, "w.bin", 0, 8, 2)))
        .Output("y", OnnxType.Float, 2)
        .ToModel().Encode());

    [Fact]
    public void Load_ExternalDataOfASingleFile_IsRefused() => AssertRefused(Bundles.WithExternal("w.bin", 0, 8), ServingCode.ExternalDataRefused);

    [Fact]
    public void Load_ExternalDataOfAnotherLength_IsInvalid()
    {
        using var bundle = Bundles.Of(("model.onnx", Bundles.WithExternal("w.bin", 0, 4)), ("w.bin", new byte[8]));

        Assert.Equal(ServingCode.ModelInvalid, Assert.Throws<ServingException>(() => Engine.Load(bundle, new(), Token)).Code);
    }

    [Fact]
    public void Load_UnknownDomain_IsUnsupportedAndNamed()
    {
        var refusal = AssertRefused(new OnnxGraph("g").Input("x", OnnxType.Float, 1).NodeOf("evil.example", "Run", ["x"], ["y"]).Output("y", OnnxType.Float, 1)
            .ToModel().Import("evil.example", 1).Encode(), ServingCode.ModelUnsupported);

        Assert.Contains("evil.example", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "EPContext")]
    [InlineData("com.microsoft", "EPContext")]
    public void Load_CompiledContext_IsUnsupported(string domain, string operatorType) =>
        AssertRefused(new OnnxGraph("g").Input("x", OnnxType.Float, 1).NodeOf(domain, operatorType, ["x"], ["y"]).Output("y", OnnxType.Float, 1)
            .ToModel().Import("com.microsoft", 1).Encode(), ServingCode.ModelUnsupported);

    [Theory]
    [InlineData("", 26, 13, true)]
    [InlineData("", 27, 13, false)]
    [InlineData("", 0, 8, false)]
    [InlineData("", 17, 14, false)]
    [InlineData("", 17, 0, false)]
    [InlineData("ai.onnx.ml", 5, 8, true)]
    [InlineData("ai.onnx.ml", 6, 8, false)]
    [InlineData("com.microsoft", 1, 8, true)]
    [InlineData("com.microsoft", 2, 8, false)]
    public void Load_Versions_AreThoseOfOnnxRuntime(string domain, int opset, int irVersion, bool isSupported)
    {
        var model = Bundles.IdentityGraph(OnnxType.Float).ToModel(domain.Length == 0 ? opset : 17).IrVersion(irVersion);
        if (domain.Length > 0)
        {
            _ = model.Import(domain, opset);
        }

        if (isSupported)
        {
            using var bundle = Bundles.Of(model.Encode());
            Engine.Load(bundle, new(), Token).Dispose();
        }
        else
        {
            AssertRefused(model.Encode(), ServingCode.ModelUnsupported);
        }
    }

    [Fact]
    public void Load_OrtFlatbuffer_IsUnsupported()
    {
        // Bytes 4 to 7 decide for ONNX Runtime, whatever else the file is.
        var bytes = new byte[64];
        "ORTM"u8.CopyTo(bytes.AsSpan(4));

        AssertRefused(bytes, ServingCode.ModelUnsupported);
    }

    [Theory]
    [InlineData(15, true)]
    [InlineData(17, false)]
    [InlineData(200, false)]
    public void Load_NestedSubgraphs_AreBounded(int depth, bool isAccepted)
    {
        var inner = new OnnxGraph("leaf").Node("Identity", ["x"], ["leaf"]).Output("leaf", OnnxType.Float, 1);
        for (var level = 1; level < depth; level++)
        {
            inner = new OnnxGraph($"level{level}")
                .Node("If", ["c"], [$"y{level}"], OnnxAttribute.Graph("then_branch", inner), OnnxAttribute.Graph("else_branch", new OnnxGraph("e").Node("Identity", ["x"], ["e"]).Output("e", OnnxType.Float, 1)))
                .Output($"y{level}", OnnxType.Float, 1);
        }

        var model = new OnnxGraph("nest").Input("c", OnnxType.Bool).Input("x", OnnxType.Float, 1)
            .Node("If", ["c"], ["y"], OnnxAttribute.Graph("then_branch", inner), OnnxAttribute.Graph("else_branch", new OnnxGraph("e").Node("Identity", ["x"], ["e"]).Output("e", OnnxType.Float, 1)))
            .Output("y", OnnxType.Float, 1).ToModel().Encode();

        if (isAccepted)
        {
            using var bundle = Bundles.Of(model);
            Engine.Load(bundle, new(), Token).Dispose();
        }
        else
        {
            AssertRefused(model, ServingCode.ModelUnsupported, ServingCode.ModelInvalid);
        }
    }

    [Theory]
    [InlineData(new long[] { 3 })]
    [InlineData(new long[] { -2 })]
    [InlineData(new long[] { long.MaxValue })]
    [InlineData(new long[] { 1L << 40, 1L << 40 })]
    [InlineData(new long[] { 1L << 40, 1L << 40, 0 })]
    [InlineData(new long[] { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2 })]
    public void Load_ConstantThatDoesNotFillItsShape_IsInvalid(long[] shape) => AssertRefused(new OnnxGraph("g")
        .Input("x", OnnxType.Float, 2)
        .Constant("w", OnnxTensor.FromBytes(OnnxType.Float, new byte[8], shape))
        .Node("Add", ["x", "w"], ["y"])
        .Output("y", OnnxType.Float, 2)
        .ToModel().Encode(), ServingCode.ModelInvalid);

    [Fact]
    public void Load_LocalFunctions_RunWhenBounded()
    {
        using var bundle = Bundles.Of(WithFunctions(("f", "Neg", 1)));
        using var model = Engine.Load(bundle, new(), Token);

        using var outputs = model.Run(new([new("x", Protocol.Tensors.Tensor.From([5f]))]), Token);

        Assert.Equal([-5f], outputs.Tensors[0].Tensor.ToArray<float>());
    }

    [Fact]
    public void Load_FunctionThatCallsItself_IsUnsupported() => AssertRefused(WithFunctions(("f", "f", 1)), ServingCode.ModelUnsupported);

    [Fact]
    public void Load_FunctionsInACircle_AreUnsupported() => AssertRefused(WithFunctions(("f", "g", 1), ("g", "f", 1)), ServingCode.ModelUnsupported);

    [Fact]
    public void Load_FunctionsThatMultiply_AreUnsupported() =>
        AssertRefused(WithFunctions([.. Enumerable.Range(0, 8).Select(level => ($"f{(level == 0 ? "" : level)}", level == 7 ? "Neg" : $"f{level + 1}", 10))]), ServingCode.ModelUnsupported);

    [Fact]
    public void Load_UndefinedFunctionOfAKnownDomain_IsUnsupported() => AssertRefused(WithFunctions(("g", "Neg", 1)), ServingCode.ModelUnsupported);

    [Fact]
    public void Load_SingularFieldTwice_IsInvalid()
    {
        // A parser that merges sees a tensor whose location the other half states.
        var model = Bundles.Identity();
        var graph = ProtobufWriter.Encode(0, static (writer, _) => writer.WriteBytes(7, []));

        AssertRefused([.. model, .. graph], ServingCode.ModelInvalid);
    }

    // Functions of the domain "local": each has count nodes of an operator, or calls of another function. The graph calls "f".
    private static byte[] WithFunctions(params (string Name, string Calls, int Count)[] functions)
    {
        var model = new OnnxGraph("g").Input("x", OnnxType.Float, 1).NodeOf("local", "f", ["x"], ["y"]).Output("y", OnnxType.Float, 1)
            .ToModel().Import("local", 1).Encode();
        var extra = ProtobufWriter.Encode(functions, static (writer, functions) =>
        {
            foreach (var function in functions)
            {
                writer.WriteMessage(25, function, static (writer, function) =>
                {
                    writer.WriteString(1, function.Name);
                    writer.WriteString(4, "v0");
                    writer.WriteString(5, $"v{function.Count}");
                    for (var index = 0; index < function.Count; index++)
                    {
                        writer.WriteMessage(7, (Index: index, function.Calls), static (writer, node) =>
                        {
                            writer.WriteString(1, $"v{node.Index}");
                            writer.WriteString(2, $"v{node.Index + 1}");
                            writer.WriteString(4, node.Calls);
                            writer.WriteString(7, char.IsUpper(node.Calls[0]) ? "" : "local");
                        });
                    }

                    foreach (var (domain, version) in new[] { ("", 17L), ("local", 1L) })
                    {
                        writer.WriteMessage(9, (domain, version), static (writer, import) =>
                        {
                            writer.WriteString(1, import.domain);
                            writer.WriteInt64(2, import.version);
                        });
                    }

                    writer.WriteString(10, "local");
                });
            }
        });
        return [.. model, .. extra];
    }

    private static void AssertExternalRefused(byte[] model)
    {
        using var bundle = Bundles.Of(("model.onnx", model), ("w.bin", new byte[8]));

        var refusal = Assert.Throws<ServingException>(() => Engine.Load(bundle, new(), Token));

        Assert.Equal(ServingCode.ExternalDataRefused, refusal.Code);
        Assert.DoesNotContain("passwd", refusal.ToString(), StringComparison.Ordinal);
    }

    private static ServingException AssertRefused(byte[] model, params ServingCode[] codes)
    {
        using var bundle = Bundles.Of(model);
        var refusal = Assert.Throws<ServingException>(() => Engine.Load(bundle, new(), Token));
        Assert.Contains(refusal.Code, codes);
        return refusal;
    }
}
