using BlindAI.Inference.Engines;
using BlindAI.Inference.Scheduling;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Inference.Tests.Engines;

/// <summary>What a model's inputs and outputs may be: tensors, inputs with a default among them, and nothing else.</summary>
public sealed class ModelValueTests
{
    private static readonly OnnxRuntimeEngine Engine = new(new());

    private static readonly OnnxTypeProto Floats = OnnxTypeProto.Tensor(OnnxType.Float, "n");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> OtherKinds => ["a sequence", "a map", "an optional value", "a sparse tensor"];

    [Theory]
    [MemberData(nameof(OtherKinds))]
    public void Load_InputThatIsNoTensor_IsUnsupportedWithAHint(string kind) => AssertUnsupported($"The input \"x\" is {kind}", new OnnxGraph("in")
        .Input("x", Of(kind)).Input("z", OnnxType.Float, "n").Node("Identity", ["z"], ["y"]).Output("y", OnnxType.Float, "n"));

    [Theory]
    [MemberData(nameof(OtherKinds))]
    public void Load_OutputThatIsNoTensor_IsUnsupportedWithAHint(string kind) => AssertUnsupported($"The output \"y\" is {kind}", new OnnxGraph("out")
        .Input("x", OnnxType.Float, "n").Node("SequenceConstruct", ["x"], ["y"]).Output("y", Of(kind)));

    [Fact]
    public void Load_OutputThatIsFoundToBeASequence_IsUnsupportedWithAHint()
    {
        AssertUnsupported("The output \"y\" is no tensor", new OnnxGraph("inferred")
            .Input("x", OnnxType.Float, "n").Node("SequenceConstruct", ["x"], ["y"]).Output("y", OnnxTypeProto.Unstated));

        // scikit-learn's classifiers end in such a node unless they are exported without.
        AssertUnsupported("The output \"y\" is no tensor", new OnnxGraph("zipmap")
            .Input("x", OnnxType.Float, 1, 2)
            .NodeOf("ai.onnx.ml", "ZipMap", ["x"], ["y"], OnnxAttribute.Ints("classlabels_int64s", 0, 1))
            .Output("y", OnnxTypeProto.Unstated));
    }

    [Fact]
    public void Load_OutputThatIsFoundToBeOptional_IsUnsupportedWithAHint() => AssertUnsupported("The output \"y\" is no tensor", new OnnxGraph("inferred")
        .Input("x", OnnxType.Float, "n").Node("Optional", ["x"], ["y"]).Output("y", OnnxTypeProto.Unstated));

    [Fact]
    public void Run_SequenceInside_Runs()
    {
        using var model = Load(new OnnxGraph("inside")
            .Input("x", OnnxType.Float, "n")
            .Node("SequenceConstruct", ["x", "x"], ["both"])
            .Node("ConcatFromSequence", ["both"], ["y"], OnnxAttribute.Int("axis", 0))
            .Output("y", OnnxType.Float, "m"));

        using var outputs = model.Run(new([new("x", Tensor.From([1f, 2f]))]), Token);

        Assert.Equal([1f, 2f, 1f, 2f], outputs.Tensors[0].Tensor.ToArray<float>());
    }

    [Theory]
    [InlineData(OnnxType.Complex64)]
    [InlineData(OnnxType.Complex128)]
    public void Load_ElementTypeTheProtocolLacks_IsUnsupported(OnnxType type)
    {
        var refusal = Assert.Throws<ServingException>(() => Load(new OnnxGraph("complex").Input("x", type, "n").Node("Identity", ["x"], ["y"]).Output("y", type, "n")));

        Assert.Equal(ServingCode.ModelUnsupported, refusal.Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public void Load_NameThatACStringCannotHold_IsInvalid(string name)
    {
        AssertInvalid(new OnnxGraph("in").Input(name, Floats).Input("z", Floats).Node("Identity", ["z"], ["y"]).Output("y", Floats));
        AssertInvalid(new OnnxGraph("out").Input("x", Floats).Node("Identity", ["x"], [name]).Output(name, Floats));

        static void AssertInvalid(OnnxGraph graph) => Assert.Equal(ServingCode.ModelInvalid, Assert.Throws<ServingException>(() => Load(graph)).Code);
    }

    [Fact]
    public void Load_InputNamedTwice_IsInvalid() => Assert.Equal(ServingCode.ModelInvalid, Assert.Throws<ServingException>(
        () => Load(new OnnxGraph("twice").Input("x", Floats).Input("x", Floats).Node("Identity", ["x"], ["y"]).Output("y", Floats))).Code);

    [Fact]
    public void Run_InputWithADefault_MayBeLeftOut()
    {
        using var model = Load(Scale);

        Assert.Equal(["scale", "x", "shift"], model.Signature.Inputs.Select(input => input.Name));
        Assert.Equal([true, false, true], model.Signature.Inputs.Select(input => input.IsOptional));
        Assert.Equal("x", model.Signature.SoleInput?.Name);
        Assert.Equal([14f, 24f], Run(("x", [2f, 4f])));
        Assert.Equal([104f, 204f], Run(("x", [1f, 2f]), ("scale", [100f])));
        Assert.Equal([11f, 21f], Run(("shift", [1f]), ("x", [2f, 4f])));
        Assert.Equal([1f, 2f], Run(("scale", [1f]), ("shift", [0f]), ("x", [1f, 2f])));
        Assert.Equal([14f, 24f], Run(("x", [2f, 4f])));     // what an earlier caller gave is forgotten

        float[] Run(params (string Name, float[] Values)[] inputs)
        {
            using var outputs = model.Run(new([.. inputs.Select(input => new NamedTensor(input.Name, Tensor.From(input.Values)))]), Token);
            return outputs.Tensors[0].Tensor.ToArray<float>();
        }
    }

    [Fact]
    public void Run_InputsWithDefaults_AreCheckedAsOthers()
    {
        using var model = Load(Scale);
        var x = new NamedTensor("x", Tensor.From([1f]));

        Assert.Equal(ServingCode.TensorMissing, Refusal(new NamedTensor("scale", Tensor.From([1f]))));
        Assert.Equal(ServingCode.TensorMissing, Refusal(new NamedTensor("scale", Tensor.From([1f])), new NamedTensor("shift", Tensor.From([1f]))));
        Assert.Equal(ServingCode.DatatypeInvalid, Refusal(x, new NamedTensor("scale", Tensor.From([1L]))));
        Assert.Equal(ServingCode.ShapeInvalid, Refusal(x, new NamedTensor("scale", Tensor.From([1f, 2f]))));
        Assert.Equal(ServingCode.TensorDuplicate, Refusal(x, new NamedTensor("scale", Tensor.From([1f])), new NamedTensor("scale", Tensor.From([1f]))));

        ServingCode Refusal(params NamedTensor[] inputs) => Assert.Throws<ServingException>(() => model.Run(new(inputs), Token)).Code;
    }

    [Fact]
    public void FindObstacle_InputWithADefault_IsNeverBatched()
    {
        // Three requests of one row and a default of three would fit each other, and give wrong answers.
        using var model = Load(new OnnxGraph("rows")
            .Input("x", OnnxType.Float, "n").Input("shift", OnnxType.Float, "n").Constant("shift", OnnxTensor.Vector(1f, 2f, 3f))
            .Node("Add", ["x", "shift"], ["y"]).Output("y", OnnxType.Float, "m"));

        Assert.Contains("left out", RowTrial.FindObstacle(model, 8, Token), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OnlyInputsWithDefaults_RunsWithoutAny()
    {
        using var model = Load(new OnnxGraph("defaults")
            .Input("x", OnnxType.Float, 2).Constant("x", OnnxTensor.Vector(1f, 2f)).Node("Neg", ["x"], ["y"]).Output("y", OnnxType.Float, 2));

        using var outputs = model.Run(new([]), Token);

        Assert.Equal([-1f, -2f], outputs.Tensors[0].Tensor.ToArray<float>());
        Assert.Equal("x", model.Signature.SoleInput?.Name);
    }

    [Fact]
    public void Load_ConstantOfAnOldFormat_IsNoInput()
    {
        // Before format 4 every constant had to be listed as an input, and none could be overridden.
        using var bundle = Bundles.Of(Scale.ToModel(opset: 8).IrVersion(3).Encode());
        using var model = Engine.Load(bundle, new(), Token);

        Assert.Equal(["x"], model.Signature.Inputs.Select(input => input.Name));
    }

    // y = x * scale + shift, by default x * 5 + 4.
    private static OnnxGraph Scale { get; } = new OnnxGraph("scale")
        .Input("scale", OnnxType.Float, 1)
        .Input("x", OnnxType.Float, "n")
        .Input("shift", OnnxType.Float, 1)
        .Constant("shift", OnnxTensor.Vector(4f))
        .Constant("scale", OnnxTensor.Vector(5f))
        .Node("Mul", ["x", "scale"], ["scaled"])
        .Node("Add", ["scaled", "shift"], ["y"])
        .Output("y", OnnxType.Float, "n");

    private static OnnxTypeProto Of(string kind) => kind switch
    {
        "a sequence" => OnnxTypeProto.Sequence(Floats),
        "a map" => OnnxTypeProto.Map(OnnxType.Int64, Floats),
        "an optional value" => OnnxTypeProto.Optional(Floats),
        _ => OnnxTypeProto.SparseTensor(OnnxType.Float, "n"),
    };

    private static void AssertUnsupported(string message, OnnxGraph graph)
    {
        var refusal = Assert.Throws<ServingException>(() => Load(graph));
        Assert.Equal(ServingCode.ModelUnsupported, refusal.Code);
        Assert.StartsWith(message, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("zipmap=False", refusal.Hint, StringComparison.Ordinal);
    }

    private static ILoadedModel Load(OnnxGraph graph)
    {
        using var bundle = Bundles.Of(graph.ToModel().Import("ai.onnx.ml", 1).Encode());
        return Engine.Load(bundle, new(), Token);
    }
}
