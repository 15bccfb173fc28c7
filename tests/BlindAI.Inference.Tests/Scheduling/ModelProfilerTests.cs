using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Inference.Scheduling;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;
using Microsoft.Extensions.Time.Testing;

namespace BlindAI.Inference.Tests.Scheduling;

/// <summary>What a load finds out about a model with the real engine: whether rows may share a run, and where it runs. Nothing here depends on how long anything took.</summary>
public sealed class ModelProfilerTests
{
    private static readonly OnnxRuntimeEngine Engine = new(new());

    private static readonly ModelOverrides Batched = new() { MaxBatchSize = 8 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Unfit => new()
    {
        { "softmax-over-rows", "rows that run together give other results than alone" },
        { "mean-over-rows", "rows that run together give other results than alone" },
        { "small-mean-over-rows", "rows that run together give other results than alone" },
        { "running-sum", "rows that run together give other results than alone" },
        { "random", "rows that run together give other results than alone" },
        { "reversed-rows", "rows that run together give other results than alone" },
        { "fixed-rows", "not every input begins with a dimension of any size" },
        { "scalar-beside", "not every input begins with a dimension of any size" },
        { "fixed-output", "an output does not begin with a dimension of any size" },
        { "sum-of-all", "an output does not begin with a dimension of any size" },
        { "loop", "it holds a loop, whose length one request could set for others" },
        { "filter", "how many rows it gives depends on values" },
        { "dynamic-quantised", "it quantises activations with one scale for all rows" },
        { "refuses-rows", "it refuses several rows at once" },
    };

    [Theory]
    [MemberData(nameof(Unfit))]
    public void Measure_FirstDimensionIsNoBatch_IsNeverBatched(string kind, string obstacle)
    {
        using var model = Load(Graph(kind).ToModel().Encode());
        var profiler = new ModelProfiler(2, 32, TimeProvider.System);

        var (configuration, _) = profiler.Measure(model, new(), Token);
        var refusal = Assert.Throws<ServingException>(() => profiler.Measure(model, Batched, Token));

        Assert.Equal((0, $"not batched: {obstacle}"), (configuration.MaxBatchSize, configuration.BatchingReason));
        Assert.Equal(ServingCode.ModelUnsupported, refusal.Code);
        Assert.Contains(obstacle, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OnnxType.Float)]
    [InlineData(OnnxType.Double)]
    [InlineData(OnnxType.Float16)]
    [InlineData(OnnxType.Int32)]
    [InlineData(OnnxType.Int64)]
    [InlineData(OnnxType.UInt8)]
    [InlineData(OnnxType.Bool)]
    [InlineData(OnnxType.String)]
    public void Measure_RowsAreIndependent_IsBatchedWhereItsOwnerSaysSo(OnnxType type)
    {
        using var model = Load(new OnnxGraph("rows").Input("x", type, "batch", 3).Node("Identity", ["x"], ["y"]).Output("y", type, "batch", 3).ToModel().Encode());

        var (configuration, profile) = new ModelProfiler(2, 32, TimeProvider.System).Measure(model, Batched with { PreferredBatchSizes = [4, 2] }, Token);

        Assert.Equal(8, configuration.MaxBatchSize);
        Assert.Equal([2, 4], configuration.PreferredBatchSizes);
        Assert.Equal((0, long.MaxValue), (profile.InlineElements, profile.BatchedRowElements));
    }

    [Fact]
    public void Measure_NoMadeUpInputFits_IsQueuedAndNotBatched()
    {
        // 1,000,003 columns can be told from no metadata.
        using var model = Load(new OnnxGraph("picky").Input("x", OnnxType.Float, "batch", "columns").Constant("w", OnnxTensor.Of<float>(new float[5], 5, 1))
            .Node("MatMul", ["x", "w"], ["y"]).Output("y", OnnxType.Float, "batch", 1).ToModel().Encode());

        var (configuration, profile) = new ModelProfiler(2, 32, TimeProvider.System).Measure(model, new(), Token);

        Assert.Equal((0, RunProfile.Unknown), (configuration.MaxBatchSize, profile));
    }

    [Fact]
    public void Measure_EndlessWarmUp_IsGivenUp()
    {
        using var model = Load(SmallModels.LongLoop());

        var (configuration, profile) = new ModelProfiler(2, 32, TimeProvider.System).Measure(model, new(), Token);

        Assert.Equal((0, RunProfile.Unknown), (configuration.MaxBatchSize, profile));
    }

    [Fact]
    public async Task Measure_SeveralRowsRunForEver_IsGivenUpAndNotBatched()
    {
        // One row ends at once, so the warm-up does; what three rows cost, the model's owner decides.
        var time = new FakeTimeProvider();
        var engine = new FakeEngine
        {
            OnRun = (request, token) =>
            {
                if (request.Inputs[0].Tensor.Shape[0] > 1)
                {
                    time.Advance(TimeSpan.FromMinutes(1));
                    Assert.True(token.WaitHandle.WaitOne(TimeSpan.FromSeconds(10)), "Nothing ends the run.");
                    token.ThrowIfCancellationRequested();
                }

                return new InferenceOutputs(request.Inputs);
            },
        };
        using var model = await Task.Factory.StartNew(() => engine.Load(Bundles.Of([1]), new(), Token), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var profiler = new ModelProfiler(1, 32, time);

        var (configuration, profile) = profiler.Measure(model, new(), Token);

        Assert.Equal((0, RunProfile.Unknown), (configuration.MaxBatchSize, profile));
        Assert.Equal(ServingCode.ModelUnsupported, Assert.Throws<ServingException>(() => profiler.Measure(model, Batched, Token)).Code);
    }

    [Fact]
    public void TryMake_ManyLargeInputs_AreNotMade()
    {
        // Together they would take the memory of the machine, and are stated in a few bytes.
        var inputs = Enumerable.Range(0, 64).Select(index => new TensorMetadata($"x{index}", TensorDatatype.Fp32, [2 << 20])).ToList();

        Assert.NotNull(SyntheticInputs.TryMake(new([.. inputs.Take(1)], []), 0, 1, 8));
        Assert.Null(SyntheticInputs.TryMake(new(inputs, []), 0, 1, 8));
    }

    [Fact]
    public void Measure_SeveralRowsAreMoreThanARequest_IsNotBatched()
    {
        using var model = Load(new OnnxGraph("wide").Input("x", OnnxType.UInt8, "batch", 24 << 20).Node("Identity", ["x"], ["y"]).Output("y", OnnxType.UInt8, "batch", 24 << 20).ToModel().Encode());

        var (configuration, _) = new ModelProfiler(1, 32, TimeProvider.System).Measure(model, new(), Token);

        Assert.Equal((0, "not batched: several rows are more than a request holds"), (configuration.MaxBatchSize, configuration.BatchingReason));
    }

    [Fact]
    public async Task RunAsync_BatchedAndAlone_AgreeWithinTolerance()
    {
        using var catalogue = new ModelCatalogue(Engine, new(), TimeProvider.System, new ModelProfiler(1, 32, TimeProvider.System));
        await using var scheduler = new InferenceScheduler(new() { Workers = 1 }, TimeProvider.System);
        using var lease = await UploadAsync(catalogue, Perceptron(), Batched with { MaxQueueDelay = TimeSpan.FromSeconds(1) });
        var rows = Enumerable.Range(0, 8).Select(row => Tensor.From([.. Enumerable.Range(0, 64).Select(column => MathF.Sin((row * 64) + column))], 1, 64)).ToArray();

        // Eight requests fill the batch, so the delay ends as the last of them comes.
        var outputs = await Task.WhenAll(rows.Select(row => scheduler.RunAsync(lease, new([new("x", row)]), Token).AsTask()));

        Assert.Equal([8], lease.Description.Statistics.Batches.Select(batch => batch.BatchSize));
        for (var row = 0; row < rows.Length; row++)
        {
            using var alone = lease.Model.Run(new([new("x", rows[row])]), Token);
            var (expected, actual) = (alone.Tensors[0].Tensor.ToArray<float>(), outputs[row].Tensors[0].Tensor.ToArray<float>());
            Assert.Equal(expected.Length, actual.Length);
            Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
            outputs[row].Dispose();
        }
    }

    [Fact]
    public async Task RunAsync_RunThatCostsLessThanAHandOver_RunsWhereItWasReceived()
    {
        await using var scheduler = new InferenceScheduler(new() { Workers = 1 }, TimeProvider.System);
        var engine = new FakeEngine();
        using var model = await Task.Factory.StartNew(() => engine.Load(Bundles.Of([1]), new(), Token), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var threads = new List<string?>();
        engine.OnRun = (request, _) =>
        {
            threads.Add(Thread.CurrentThread.Name);
            return new InferenceOutputs(request.Inputs);
        };
        using var lease = new ModelLease(Description(model), model, new(new(), new() { InlineElements = 4 }), () => { });

        (await scheduler.RunAsync(lease, new([new("x", Tensor.From(new float[4]))]), Token)).Dispose();
        (await scheduler.RunAsync(lease, new([new("x", Tensor.From(new float[5]))]), Token)).Dispose();

        Assert.NotEqual("inference-0", threads[0]);
        Assert.Equal("inference-0", threads[1]);
        Assert.Equal((2, 2), (lease.Description.Statistics.Success.Count, lease.Description.Statistics.Executions));
    }

    [Fact]
    public async Task RunAsync_InlineModelTurnsOutSlow_IsQueuedFromThenOn()
    {
        await using var scheduler = new InferenceScheduler(new() { Workers = 1 }, TimeProvider.System);
        var engine = new FakeEngine();
        using var model = await Task.Factory.StartNew(() => engine.Load(Bundles.Of([1]), new(), Token), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var last = "";
        engine.OnRun = (request, _) =>
        {
            last = Thread.CurrentThread.Name;
            Thread.Sleep(1);
            return new InferenceOutputs(request.Inputs);
        };
        using var lease = new ModelLease(Description(model), model, new(new(), new() { InlineElements = 4 }), () => { });

        for (var run = 0; run < 20; run++)
        {
            (await scheduler.RunAsync(lease, new([new("x", Tensor.From(new float[4]))]), Token)).Dispose();
        }

        Assert.Equal("inference-0", last);
    }

    [Fact]
    public async Task RunAsync_InlineRunThatWouldNotEnd_IsEndedThereAndQueued()
    {
        // What a run costs can follow from values: a caller must not hold a thread of the pool, beyond every limit and turn.
        var time = new FakeTimeProvider();
        await using var scheduler = new InferenceScheduler(new() { Workers = 1 }, time);
        var threads = new List<string?>();
        var engine = new FakeEngine
        {
            OnRun = (request, token) =>
            {
                threads.Add(Thread.CurrentThread.Name);
                if (Thread.CurrentThread.Name != "inference-0")
                {
                    time.Advance(TimeSpan.FromSeconds(1));
                    Assert.True(token.WaitHandle.WaitOne(TimeSpan.FromSeconds(10)), "Nothing ends the run.");
                    token.ThrowIfCancellationRequested();
                }

                return new InferenceOutputs(request.Inputs);
            },
        };
        using var model = await Task.Factory.StartNew(() => engine.Load(Bundles.Of([1]), new(), Token), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        using var lease = new ModelLease(Description(model), model, new(new(), new() { InlineElements = 4 }), () => { });

        for (var run = 0; run < 4; run++)
        {
            (await scheduler.RunAsync(lease, new([new("x", Tensor.From(new float[4]))]), Token)).Dispose();
        }

        // Three are ended where they were received and run again; then the model's requests are queued at once.
        Assert.Equal([false, true, false, true, false, true, true], threads.Select(thread => thread == "inference-0"));
        var statistics = lease.Description.Statistics;
        Assert.Equal((4, 0, 0), (statistics.Success.Count, statistics.EngineFailed + statistics.OtherFailed, statistics.Pending));
    }

    [Fact]
    public async Task RunAsync_InlineRunWhoseCallerGoesAway_IsEnded()
    {
        await using var scheduler = new InferenceScheduler(new() { Workers = 1 }, TimeProvider.System);
        using var caller = new CancellationTokenSource();
        var engine = new FakeEngine
        {
            OnRun = (_, token) =>
            {
                caller.Cancel();
                Assert.True(token.WaitHandle.WaitOne(TimeSpan.FromSeconds(10)), "Nothing ends the run.");
                throw new OperationCanceledException(token);
            },
        };
        using var model = await Task.Factory.StartNew(() => engine.Load(Bundles.Of([1]), new(), Token), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        using var lease = new ModelLease(Description(model), model, new(new(), new() { InlineElements = 4 }), () => { });

        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await scheduler.RunAsync(lease, new([new("x", Tensor.From(new float[4]))]), caller.Token));

        Assert.Equal((1, 0), (lease.Description.Statistics.Cancelled, lease.Description.Statistics.Pending));
    }

    private static ModelDescription Description(ILoadedModel model) => new()
    {
        Namespace = NamespaceName.Default,
        Name = ModelName.Parse("m"),
        Version = 1,
        Digest = ModelDigest.Parse("sha256:" + new string('0', 64)),
        Sha256 = new string('0', 64),
        Signature = model.Signature,
        Size = 1,
        State = ModelState.Ready,
        UploadedAt = DateTimeOffset.UnixEpoch,
        ExpiresAt = null,
        Statistics = new(),
    };

    private static ILoadedModel Load(byte[] model)
    {
        using var bundle = Bundles.Of(model);
        return Engine.Load(bundle, new(), Token);
    }

    private static async Task<ModelLease> UploadAsync(ModelCatalogue catalogue, byte[] model, ModelOverrides overrides)
    {
        using var upload = catalogue.BeginUpload(NamespaceName.Default, ModelName.Parse("m"));
        var bundle = await upload.ReceiveAsync(new MemoryStream(model), BundleFormat.Onnx, model.Length, Token);
        _ = await upload.CommitAsync(bundle, new() { Overrides = overrides }, Token);
        return await catalogue.AcquireAsync(NamespaceName.Default, ModelName.Parse("m"), cancellationToken: Token);
    }

    private static byte[] Perceptron() => new OnnxGraph("mlp").Input("x", OnnxType.Float, "batch", 64)
        .Constant("w", OnnxTensor.Of<float>([.. Enumerable.Range(0, 64 * 32).Select(index => MathF.Cos(index) / 8)], 64, 32))
        .Constant("b", OnnxTensor.Vector<float>([.. Enumerable.Range(0, 32).Select(index => index / 32f)]))
        .Node("Gemm", ["x", "w", "b"], ["h"]).Node("Tanh", ["h"], ["y"])
        .Output("y", OnnxType.Float, "batch", 32).ToModel().Encode();

    private static OnnxGraph Graph(string kind)
    {
        var graph = new OnnxGraph("rows").Input("x", OnnxType.Float, kind == "fixed-rows" ? 1 : "batch", 4);
        switch (kind)
        {
            case "softmax-over-rows":
                graph.Node("Softmax", ["x"], ["y"], OnnxAttribute.Int("axis", 0));
                break;
            case "mean-over-rows":
                graph.Node("ReduceMean", ["x"], ["m"], OnnxAttribute.Ints("axes", 0), OnnxAttribute.Int("keepdims", 1)).Node("Sub", ["x", "m"], ["y"]);
                break;
            case "small-mean-over-rows":
                graph.Constant("small", OnnxTensor.Scalar(1e-5f)).Node("ReduceMean", ["x"], ["m"], OnnxAttribute.Ints("axes", 0), OnnxAttribute.Int("keepdims", 1)).Node("Add", ["x", "m"], ["sum"]).Node("Mul", ["sum", "small"], ["y"]);
                break;
            case "running-sum":
                graph.Constant("axis", OnnxTensor.Scalar(0L)).Node("CumSum", ["x", "axis"], ["y"]);
                break;
            case "random":
                graph.Node("RandomNormalLike", ["x"], ["y"]);
                break;
            case "reversed-rows":
                graph.Constant("last", OnnxTensor.Vector(-1L)).Constant("beyond", OnnxTensor.Vector(long.MinValue)).Constant("axis", OnnxTensor.Vector(0L)).Constant("step", OnnxTensor.Vector(-1L))
                    .Node("Slice", ["x", "last", "beyond", "axis", "step"], ["y"]);
                break;
            case "scalar-beside":
                graph.Input("factor", OnnxType.Float).Node("Mul", ["x", "factor"], ["y"]);
                break;
            case "sum-of-all":
                graph.Node("ReduceSum", ["x"], ["y"], OnnxAttribute.Int("keepdims", 0));
                return graph.Output("y", OnnxType.Float);
            case "fixed-output":
                graph.Node("ReduceMax", ["x"], ["y"], OnnxAttribute.Ints("axes", 0), OnnxAttribute.Int("keepdims", 1));
                return graph.Output("y", OnnxType.Float, 1, 4);
            case "loop":
                var body = new OnnxGraph("body").Input("i", OnnxType.Int64).Input("more_in", OnnxType.Bool).Input("v_in", OnnxType.Float, "batch", 4)
                    .Node("Identity", ["more_in"], ["more_out"]).Node("Add", ["v_in", "v_in"], ["v_out"])
                    .Output("more_out", OnnxType.Bool).Output("v_out", OnnxType.Float, "batch", 4);
                graph.Constant("count", OnnxTensor.Scalar(2L)).Node("Loop", ["count", "", "x"], ["y"], OnnxAttribute.Graph("body", body));
                break;
            case "filter":
                graph.Constant("zero", OnnxTensor.Scalar(0f)).Constant("axes", OnnxTensor.Vector(1L)).Node("ReduceSum", ["x", "axes"], ["sum"], OnnxAttribute.Int("keepdims", 0))
                    .Node("Greater", ["sum", "zero"], ["keep"]).Node("Compress", ["x", "keep"], ["y"], OnnxAttribute.Int("axis", 0));
                break;
            case "dynamic-quantised":
                graph.Node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]).Node("DequantizeLinear", ["q", "s", "z"], ["y"]);
                break;
            case "refuses-rows":
                graph.Constant("first", OnnxTensor.Vector(0L)).Node("Squeeze", ["x", "first"], ["row"]).Node("Shape", ["x"], ["shape"]).Node("Expand", ["row", "shape"], ["y"]);
                break;
            default:
                graph.Node("Identity", ["x"], ["y"]);
                break;
        }

        return graph.Output("y", OnnxType.Float, "batch", 4);
    }
}
