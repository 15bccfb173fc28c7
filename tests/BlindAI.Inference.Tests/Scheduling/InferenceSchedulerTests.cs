using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Inference.Scheduling;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;
using Microsoft.Extensions.Time.Testing;

namespace BlindAI.Inference.Tests.Scheduling;

/// <summary>Waiting, running, giving up and stopping, with a model that blocks until it is told.</summary>
public sealed class InferenceSchedulerTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly InferenceRequest Request = new([new("x", Tensor.From([1f]))]);

    private readonly FakeEngine _engine = new();
    private readonly FakeTimeProvider _time = new();
    private readonly SemaphoreSlim _started = new(0);
    private readonly SemaphoreSlim _mayFinish = new(0);
    private readonly ModelCatalogue _catalogue;
    private ModelLease _lease = null!;

    public InferenceSchedulerTests()
    {
        _catalogue = new(_engine, new(), _time);
        _engine.OnRun = (request, cancellationToken) =>
        {
            _ = _started.Release();
            _mayFinish.Wait(Patience, cancellationToken);
            return new InferenceOutputs(request.Inputs);
        };
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ModelStatistics Statistics => _lease.Description.Statistics;

    public async ValueTask InitializeAsync()
    {
        using var upload = _catalogue.BeginUpload(NamespaceName.Default, ModelName.Parse("m"));
        var bundle = await upload.ReceiveAsync(new MemoryStream([1]), BundleFormat.Onnx, cancellationToken: Token);
        _ = await upload.CommitAsync(bundle, new(), Token);
        _lease = await _catalogue.AcquireAsync(NamespaceName.Default, ModelName.Parse("m"), cancellationToken: Token);
    }

    public ValueTask DisposeAsync()
    {
        _lease.Dispose();
        _catalogue.Dispose();
        _started.Dispose();
        _mayFinish.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task RunAsync_Request_RunsOnAThreadOfTheQueue()
    {
        string? thread = null;
        _engine.OnRun = (request, _) =>
        {
            thread = Thread.CurrentThread.Name;
            return new InferenceOutputs(request.Inputs);
        };
        await using var queue = Queue();

        using var outputs = await queue.RunAsync(_lease, Request, Token);

        Assert.Equal("inference-0", thread);
        Assert.Equal("x", Assert.Single(outputs.Tensors).Name);
        Assert.Equal((1, 0, 0), (Statistics.Success.Count, (Statistics.EngineFailed + Statistics.Cancelled), Statistics.Rejected));
    }

    [Fact]
    public async Task RunAsync_AsManyAsWorkers_RunAtOnce()
    {
        await using var queue = Queue(workers: 3);
        var runs = Enumerable.Range(0, 3).Select(_ => queue.RunAsync(_lease, Request, Token).AsTask()).ToArray();

        await Started(3);

        Assert.Equal((3, 0), (queue.Running, queue.Waiting));
        _ = _mayFinish.Release(3);
        _ = await Task.WhenAll(runs);
    }

    [Fact]
    public async Task TryEnqueue_FullQueue_AnswersFalse()
    {
        await using var queue = Queue(maxQueued: 2);
        var running = await RunOne(queue);
        Assert.True(queue.TryEnqueue(_lease, Request, out var second, out _, Token));
        Assert.True(queue.TryEnqueue(_lease, Request, out var third, out _, Token));

        Assert.False(queue.TryEnqueue(_lease, Request, out _, out _, Token));
        var refusal = await Assert.ThrowsAsync<ServingException>(() => queue.RunAsync(_lease, Request, Token).AsTask());

        Assert.Equal(ServingCode.Overloaded, refusal.Code);
        Assert.NotNull(refusal.RetryAfter);
        Assert.Equal(2, Statistics.Rejected);
        _ = _mayFinish.Release(3);
        _ = await Task.WhenAll(running, second, third);
        Assert.Equal(3, Statistics.Success.Count);
    }

    [Fact]
    public async Task TryEnqueue_WaitsTooLong_DeadlineIsExceeded()
    {
        await using var queue = Queue();
        var running = await RunOne(queue);
        Assert.True(queue.TryEnqueue(_lease, Request, out var patient, out _, Token));
        Assert.True(queue.TryEnqueue(_lease, Request with { QueueTimeout = TimeSpan.FromSeconds(1) }, out var hasty, out _, Token));
        Assert.True(queue.TryEnqueue(_lease, Request with { QueueTimeout = TimeSpan.FromDays(1) }, out var greedy, out _, Token));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ServingCode.DeadlineExceeded, (await Assert.ThrowsAsync<ServingException>(() => hasty)).Code);
        Assert.Equal(2, queue.Waiting);
        _time.Advance(TimeSpan.FromSeconds(4));

        Assert.Equal(ServingCode.DeadlineExceeded, (await Assert.ThrowsAsync<ServingException>(() => patient)).Code);
        Assert.Equal(ServingCode.DeadlineExceeded, (await Assert.ThrowsAsync<ServingException>(() => greedy)).Code);
        Assert.Equal(0, queue.Waiting);
        _ = _mayFinish.Release(1);
        _ = await running;
        Assert.Equal((1, 3), (Statistics.Success.Count, Statistics.Rejected));
    }

    [Fact]
    public async Task TryEnqueue_CancelledWhileWaiting_LeavesTheQueue()
    {
        await using var queue = Queue(maxQueued: 1);
        var running = await RunOne(queue);
        using var cancellation = new CancellationTokenSource();
        Assert.True(queue.TryEnqueue(_lease, Request, out var waiting, out _, cancellation.Token));

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, queue.Waiting);
        Assert.True(queue.TryEnqueue(_lease, Request, out var next, out _, Token));
        _ = _mayFinish.Release(2);
        _ = await Task.WhenAll(running, next);
    }

    [Fact]
    public async Task TryEnqueue_AlreadyCancelled_DoesNotRun()
    {
        await using var queue = Queue();

        Assert.True(queue.TryEnqueue(_lease, Request, out var run, out _, new CancellationToken(canceled: true)));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal((0, 0), (queue.Waiting, _started.CurrentCount));
    }

    [Fact]
    public async Task RunAsync_CancelledWhileRunning_CompletesWhenTheRunHasEnded()
    {
        await using var queue = Queue();
        using var cancellation = new CancellationTokenSource();
        var run = queue.RunAsync(_lease, Request, cancellation.Token).AsTask();
        await Started(1);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal((0, 1), (queue.Running, (Statistics.EngineFailed + Statistics.Cancelled)));
    }

    [Fact]
    public async Task RunAsync_EngineThrows_AnswersAndKeepsTheThread()
    {
        await using var queue = Queue();
        _engine.OnRun = (_, _) => throw new InvalidOperationException();
        for (var round = 0; round < 5; round++)
        {
            Assert.Equal(ServingCode.InferenceFailed, (await Assert.ThrowsAsync<ServingException>(() => queue.RunAsync(_lease, Request, Token).AsTask())).Code);
        }

        _engine.OnRun = (request, _) => new InferenceOutputs(request.Inputs);
        using var outputs = await queue.RunAsync(_lease, Request, Token);
        Assert.Equal((1, 5), (Statistics.Success.Count, (Statistics.EngineFailed + Statistics.Cancelled)));
    }

    [Fact]
    public async Task DisposeAsync_FinishesWhatRuns_FailsWhatWaits()
    {
        var queue = Queue();
        var running = await RunOne(queue);
        Assert.True(queue.TryEnqueue(_lease, Request, out var waiting, out _, Token));

        var stop = queue.DisposeAsync().AsTask();

        Assert.Equal(ServingCode.ShuttingDown, (await Assert.ThrowsAsync<ServingException>(() => waiting)).Code);
        Assert.Equal(ServingCode.ShuttingDown, Assert.Throws<ServingException>(() => queue.TryEnqueue(_lease, Request, out _, out _, Token)).Code);
        Assert.False(stop.IsCompleted);
        _ = _mayFinish.Release(1);
        using var outputs = await running;
        await stop;
        await queue.DisposeAsync();
    }

    [Fact]
    public async Task RunAsync_ManyCallersThatCancelNowAndThen_AllAreAnswered()
    {
        _engine.OnRun = (request, cancellationToken) =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new InferenceOutputs(request.Inputs);
        };
        await using var queue = Queue(workers: 2, maxQueued: 50, time: TimeProvider.System);
        var answered = 0;
        await Parallel.ForAsync(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 40, CancellationToken = Token }, async (index, token) =>
        {
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(token);
            var run = queue.RunAsync(_lease, Request, cancellation.Token);
            if (index % 3 == 0)
            {
                await cancellation.CancelAsync();
            }

            try
            {
                using var outputs = await run;
            }
            catch (OperationCanceledException)
            {
            }

            _ = Interlocked.Increment(ref answered);
        });

        Assert.Equal(2000, answered);
        Assert.Equal(2000, Statistics.Success.Count + (Statistics.EngineFailed + Statistics.Cancelled) + Statistics.Rejected);
    }

    private InferenceScheduler Queue(int workers = 1, int maxQueued = 100, TimeProvider? time = null) =>
        new(new() { Workers = workers, MaxQueued = maxQueued, MaxQueueTime = TimeSpan.FromSeconds(5) }, time ?? _time);

    private async Task<Task<InferenceOutputs>> RunOne(InferenceScheduler queue)
    {
        var run = queue.RunAsync(_lease, Request, Token).AsTask();
        await Started(1);
        return run;
    }

    private async Task Started(int count)
    {
        for (var index = 0; index < count; index++)
        {
            Assert.True(await _started.WaitAsync(Patience, Token));
        }
    }
}
