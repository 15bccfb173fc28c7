using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Inference.Precision;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;
using Microsoft.Extensions.Time.Testing;

namespace BlindAI.Inference.Tests.Precision;

/// <summary>A derived form in the catalogue: named beside the upload, never instead of it; and what its note of accuracy says.</summary>
public sealed class DerivedModelTests
{
    private static readonly NamespaceName Owner = NamespaceName.Parse("alice");
    private static readonly OnnxRuntimeEngine Engine = new(new());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CommitAsync_Int8_NamesTheUploadAndTheDerivedForm()
    {
        using var catalogue = new ModelCatalogue(Engine, new(), new FakeTimeProvider());
        var bytes = Int8Graphs.Perceptron().ToModel().Encode();

        var asUploaded = await Upload(catalogue, "plain", bytes, ModelPrecision.AsUploaded);
        var derived = await Upload(catalogue, "int8", bytes, ModelPrecision.DynamicInt8);

        Assert.Null(asUploaded.Derived);
        Assert.Equal((asUploaded.Digest, asUploaded.Sha256, asUploaded.Size), (derived.Digest, derived.Sha256, derived.Size));
        Assert.Equal(("dynamic-int8-1", 2), (derived.Derived!.Transformation, derived.Derived.Matrices));
        Assert.NotEqual(derived.Sha256, derived.Derived.Sha256);
        Assert.NotNull(derived.Derived.Accuracy);
        Assert.Equal(ModelPrecision.DynamicInt8, derived.Configuration.Precision);
        Assert.Equal(0, derived.Configuration.MaxBatchSize);
    }

    [Fact]
    public async Task AcquireAsync_UnloadedInt8Model_IsDerivedAgain()
    {
        using var catalogue = new ModelCatalogue(Engine, new() { KeepModelBytes = true, MaxLoadedModelsPerNamespace = 1 }, new FakeTimeProvider());
        var bytes = Int8Graphs.Perceptron().ToModel().Encode();
        await Upload(catalogue, "int8", bytes, ModelPrecision.DynamicInt8);
        var before = await Run("int8");
        await Upload(catalogue, "plain", bytes, ModelPrecision.AsUploaded);
        Assert.Equal(ModelState.Unloaded, catalogue.Find(Owner, ModelName.Parse("int8"))!.State);

        Assert.NotEqual(before, await Run("plain"));
        Assert.Equal(before, await Run("int8"));

        async Task<float[]> Run(string name)
        {
            using var lease = await catalogue.AcquireAsync(Owner, ModelName.Parse(name), cancellationToken: Token);
            using var outputs = lease.Model.Run(new([new("x", Tensor.From([.. Enumerable.Range(0, 64).Select(index => MathF.Sin(index))], 1, 64))]), Token);
            return outputs.Tensors[0].Tensor.ToArray<float>();
        }
    }

    [Fact]
    public async Task CommitAsync_ModelWithoutSuchAForm_LeavesNothing()
    {
        using var catalogue = new ModelCatalogue(Engine, new(), new FakeTimeProvider());

        var refusal = await Assert.ThrowsAsync<ServingException>(() => Upload(catalogue, "identity", Bundles.Identity(), ModelPrecision.DynamicInt8));

        Assert.Equal(ServingCode.ModelUnsupported, refusal.Code);
        Assert.Empty(catalogue.List(Owner));
        Assert.Equal(0, catalogue.TotalBytes);
    }

    [Fact]
    public void Measure_KnownDifference_IsTold()
    {
        using var one = Load(Shifted(0f));
        using var other = Load(Shifted(0.25f));

        Assert.Equal(new AccuracyNote(8, 0, 0), AccuracyNote.Measure(one, one, Token));
        var note = AccuracyNote.Measure(one, other, Token)!;
        Assert.Equal(0.25, note.MaxAbsoluteDifference, 1e-6);
        Assert.Equal(0.125, note.RelativeRms, 1e-6);        // 0.25 of outputs that are 2 throughout
    }

    [Fact]
    public void Measure_NoNumbersWhereThereWereSome_IsRefused()
    {
        using var one = Load(Shifted(0f));
        using var other = Load(Shifted(float.NaN));

        Assert.Equal(ServingCode.ModelUnsupported, Assert.Throws<ServingException>(() => AccuracyNote.Measure(one, other, Token)).Code);
        _ = AccuracyNote.Measure(other, one, Token);        // what is no number in the upload says nothing
    }

    [Fact]
    public void Measure_NothingToCompare_IsNull()
    {
        using var integers = Load(Bundles.IdentityGraph(OnnxType.Int64));
        using var anyRank = Load(new OnnxGraph("any").Input("x", OnnxTypeProto.TensorOfAnyRank(OnnxType.Float)).Node("Identity", ["x"], ["y"]).Output("y", OnnxTypeProto.TensorOfAnyRank(OnnxType.Float)));

        Assert.Null(AccuracyNote.Measure(integers, integers, Token));
        Assert.Null(AccuracyNote.Measure(anyRank, anyRank, Token));
    }

    // y = 0 x + 2 + shift.
    private static OnnxGraph Shifted(float shift) => new OnnxGraph("shifted").Input("x", OnnxType.Float, "n", 4)
        .Constant("zero", OnnxTensor.Vector(0f)).Constant("shift", OnnxTensor.Vector(2f + shift))
        .Node("Mul", ["x", "zero"], ["nothing"]).Node("Add", ["nothing", "shift"], ["y"]).Output("y", OnnxType.Float, "n", 4);

    private static ILoadedModel Load(OnnxGraph graph)
    {
        using var bundle = Bundles.Of(graph.ToModel().Encode());
        return Engine.Load(bundle, new(), Token);
    }

    private static async Task<ModelDescription> Upload(ModelCatalogue catalogue, string name, byte[] model, ModelPrecision precision)
    {
        using var upload = catalogue.BeginUpload(Owner, ModelName.Parse(name));
        var bundle = await upload.ReceiveAsync(new MemoryStream(model), BundleFormat.Onnx, cancellationToken: Token);
        return await upload.CommitAsync(bundle, new() { Overrides = new() { Precision = precision } }, Token);
    }
}
