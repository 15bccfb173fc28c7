using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Inference.Scheduling;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;
using Microsoft.Extensions.Time.Testing;

namespace BlindAI.Inference.Tests.Scheduling;

/// <summary>A scheduler with one thread over fake time, and a fake model of rows of floats that adds 1 to each value; a run lasts until it is allowed to end.</summary>
internal sealed class ScheduledModel : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _started = new(0);
    private readonly SemaphoreSlim _mayEnd = new(0);
    private readonly List<float[]> _runs = [];
    private readonly List<ModelLease> _leases = [];

    public ScheduledModel(SchedulerOptions? options = null)
    {
        Engine.Signature = new([new("x", TensorDatatype.Fp32, [-1, -1])], [new("y", TensorDatatype.Fp32, [-1, -1]), new("z", TensorDatatype.Fp32, [-1, -1])]);
        Engine.OnRun = Run;
        Catalogue = new(Engine, new(), Time);
        Scheduler = new(options ?? new() { Workers = 1 }, Time);
    }

    public FakeEngine Engine { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public ModelCatalogue Catalogue { get; }

    public InferenceScheduler Scheduler { get; }

    /// <summary>What a run does with its values before it answers; it may throw.</summary>
    public Action<float[]> OnValues { get; set; } = _ => { };

    /// <summary>Makes the outputs from the input.</summary>
    public Func<Tensor, Tensor> Compute { get; set; } = input => Tensor.From([.. input.ToArray<float>().Select(value => value + 1)], input.Shape.Dimensions);

    /// <summary>The values of every run, in the order in which they began.</summary>
    public IReadOnlyList<float[]> Runs
    {
        get
        {
            lock (_runs)
            {
                return [.. _runs];
            }
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async Task<ModelLease> AddAsync(ModelOverrides overrides, string name = "m", string owner = "default")
    {
        using var upload = Catalogue.BeginUpload(NamespaceName.Parse(owner), ModelName.Parse(name));
        var bundle = await upload.ReceiveAsync(new MemoryStream([1]), BundleFormat.Onnx, cancellationToken: Token);
        _ = await upload.CommitAsync(bundle, new() { Overrides = overrides }, Token);
        var lease = await Catalogue.AcquireAsync(NamespaceName.Parse(owner), ModelName.Parse(name), cancellationToken: Token);
        _leases.Add(lease);
        return lease;
    }

    /// <summary>A request of rows of a width, all with one value.</summary>
    public static InferenceRequest Request(float value, int rows = 1, int width = 2, object? caller = null) =>
        new([new("x", Tensor.From([.. Enumerable.Repeat(value, rows * width)], rows, width))]) { Caller = caller };

    public Task<InferenceOutputs> Submit(ModelLease lease, InferenceRequest request) => SubmitCancellable(lease, request, Token);

    public Task<InferenceOutputs> SubmitCancellable(ModelLease lease, InferenceRequest request, CancellationToken cancellationToken) =>
        Scheduler.RunAsync(lease, request, cancellationToken).AsTask();

    /// <summary>Submits a request that occupies the thread, and waits until it does.</summary>
    public async Task<Task<InferenceOutputs>> OccupyAsync(ModelLease lease, float value = 0)
    {
        var run = Submit(lease, Request(value));
        await StartedAsync();
        return run;
    }

    public async Task StartedAsync(int runs = 1)
    {
        for (var run = 0; run < runs; run++)
        {
            Assert.True(await _started.WaitAsync(Patience, Token), "No run has started.");
        }
    }

    public void LetEnd(int runs = 1) => _mayEnd.Release(runs);

    public async ValueTask DisposeAsync()
    {
        LetEnd(10_000);
        await Scheduler.DisposeAsync();
        _leases.ForEach(lease => lease.Dispose());
        Catalogue.Dispose();
        _started.Dispose();
        _mayEnd.Dispose();
    }

    private InferenceOutputs Run(InferenceRequest request, CancellationToken cancellationToken)
    {
        var input = request.Inputs[0].Tensor;
        var values = input.ToArray<float>();
        lock (_runs)
        {
            _runs.Add(values);
        }

        _ = _started.Release();
        Assert.True(_mayEnd.Wait(Patience, cancellationToken));
        OnValues(values);
        var output = Compute(input);
        return new((request.Outputs.Count > 0 ? request.Outputs : ["y", "z"]).Select(name => new NamedTensor(name, output)).ToList());
    }
}
