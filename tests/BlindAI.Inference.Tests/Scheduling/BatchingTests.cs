using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Inference.Tests.Scheduling;

/// <summary>Which requests share a run, how many, and what one of them does to the others.</summary>
public sealed class BatchingTests
{
    private static readonly ModelOverrides Four = new() { MaxBatchSize = 4 };

    [Fact]
    public async Task RunAsync_OneRequestOfABatchTakesTooLong_TheOthersAreAnswered()
    {
        await using var model = new ScheduledModel();
        var run = model.Engine.OnRun;
        model.Engine.OnRun = (request, token) =>
        {
            if (request.Inputs[0].Tensor.ToArray<float>().Contains(666))
            {
                model.Time.Advance(TimeSpan.FromMinutes(2));
                Assert.True(token.WaitHandle.WaitOne(ScheduledModel.Patience), "Nothing ends the run.");
                token.ThrowIfCancellationRequested();
            }

            return run(request, token);
        };
        var lease = await model.AddAsync(new() { MaxBatchSize = 8 });
        var running = await model.OccupyAsync(lease);
        var good = model.Submit(lease, ScheduledModel.Request(1));
        var endless = model.Submit(lease, ScheduledModel.Request(666));
        model.LetEnd(2);

        (await running).Dispose();
        using var answer = await good;
        Assert.Equal([2, 2], answer.Tensors[0].Tensor.ToArray<float>());
        Assert.Equal(ServingCode.DeadlineExceeded, (await Assert.ThrowsAsync<ServingException>(() => endless)).Code);
    }

    [Fact]
    public async Task RunAsync_QueuedWhileTheThreadWasBusy_ShareARun()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(Four);
        var first = await model.OccupyAsync(lease);
        var queued = new[] { 1f, 2f, 3f }.Select(value => model.Submit(lease, ScheduledModel.Request(value))).ToArray();

        model.LetEnd(2);

        _ = await Task.WhenAll([first, .. queued]);
        Assert.Equal([[0f, 0f], [1f, 1f, 2f, 2f, 3f, 3f]], model.Runs);
        await AssertOutputs(queued, 2f, 3f, 4f);
        Assert.Equal((4, 2, 4), (lease.Description.Statistics.Inferences, lease.Description.Statistics.Executions, lease.Description.Statistics.Success.Count));
        Assert.Equal([1, 3], lease.Description.Statistics.Batches.Select(batch => batch.BatchSize));
    }

    [Fact]
    public async Task RunAsync_IdleThread_NeverWaitsForOthers()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(Four);

        var run = await model.OccupyAsync(lease, value: 1);

        model.LetEnd();
        _ = await run;
        Assert.Equal([[1f, 1f]], model.Runs);
    }

    [Fact]
    public async Task RunAsync_MoreThanABatchHolds_TakesThoseThatFitInOrder()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(Four);
        var first = await model.OccupyAsync(lease);

        // 3 rows, then 2 which do not fit beside them, then 1 which does.
        var queued = new[] { (1f, 3), (2f, 2), (3f, 1), (4f, 9) }.Select(one => model.Submit(lease, ScheduledModel.Request(one.Item1, rows: one.Item2, width: 1))).ToArray();
        model.LetEnd(4);

        _ = await Task.WhenAll([first, .. queued]);
        Assert.Equal([[0f, 0f], [1f, 1f, 1f, 3f], [2f, 2f], [.. Enumerable.Repeat(4f, 9)]], model.Runs);
        Assert.Equal([3, 2, 1, 9], (await Task.WhenAll(queued)).Select(outputs => outputs.Tensors[0].Tensor.Shape[0]));
    }

    [Fact]
    public async Task RunAsync_OtherShapesOrOutputs_DoNotShareARun()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(Four);
        var first = await model.OccupyAsync(lease);
        var queued = new[]
        {
            model.Submit(lease, ScheduledModel.Request(1)), model.Submit(lease, ScheduledModel.Request(2, width: 3)),
            model.Submit(lease, ScheduledModel.Request(3) with { Outputs = ["y"] }), model.Submit(lease, ScheduledModel.Request(4)),
        };

        model.LetEnd(4);

        _ = await Task.WhenAll([first, .. queued]);
        Assert.Equal([[0f, 0f], [1f, 1f, 4f, 4f], [2f, 2f, 2f], [3f, 3f]], model.Runs);
        Assert.Equal([2, 2, 1, 2], (await Task.WhenAll(queued)).Select(outputs => outputs.Tensors.Count));
    }

    [Fact]
    public async Task RunAsync_RequestThatDoesNotFitTheModel_IsRefusedAndHarmsNobody()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(Four);
        var first = await model.OccupyAsync(lease);
        var good = model.Submit(lease, ScheduledModel.Request(1));

        var refusal = await Assert.ThrowsAsync<ServingException>(() => model.Scheduler.RunAsync(lease, new([new("q", Tensor.From([1f], 1, 1))]), TestContext.Current.CancellationToken).AsTask());

        Assert.Equal(ServingCode.TensorUnknown, refusal.Code);
        model.LetEnd(2);
        _ = await Task.WhenAll(first, good);
    }

    [Fact]
    public async Task RunAsync_PreferredSizes_TakesTheLargestThatIsReached()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(new() { MaxBatchSize = 8, PreferredBatchSizes = [2, 4] });
        var first = await model.OccupyAsync(lease);
        var queued = Enumerable.Range(1, 7).Select(value => model.Submit(lease, ScheduledModel.Request(value, width: 1))).ToArray();

        model.LetEnd(4);

        _ = await Task.WhenAll([first, .. queued]);
        Assert.Equal([2, 4, 2, 1], model.Runs.Select(run => run.Length));
    }

    [Fact]
    public async Task RunAsync_QueueDelay_WaitsForOthersUntilItIsOver()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(Four with { MaxQueueDelay = TimeSpan.FromMilliseconds(100) });
        var one = model.Submit(lease, ScheduledModel.Request(1));
        var other = model.Submit(lease, ScheduledModel.Request(2));
        model.Time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.Empty(model.Runs);

        // Whether the thread has looked by now or not, what it finds afterwards has waited long enough.
        model.Time.Advance(TimeSpan.FromMilliseconds(1));
        await model.StartedAsync();

        model.LetEnd();
        _ = await Task.WhenAll(one, other);
        Assert.Equal([[1f, 1f, 2f, 2f]], model.Runs);
    }

    [Fact]
    public async Task RunAsync_QueueDelay_AFullBatchDoesNotWait()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(Four with { MaxQueueDelay = TimeSpan.FromSeconds(1) });
        var queued = Enumerable.Range(1, 4).Select(value => model.Submit(lease, ScheduledModel.Request(value))).ToArray();

        model.LetEnd();

        _ = await Task.WhenAll(queued);
        Assert.Equal([1f, 1f, 2f, 2f, 3f, 3f, 4f, 4f], Assert.Single(model.Runs));
    }

    [Fact]
    public async Task RunAsync_OneRequestFailsTheEngine_TheOthersAreAnswered()
    {
        await using var model = new ScheduledModel { OnValues = values => Refuse(values) };
        var lease = await model.AddAsync(Four);
        var first = await model.OccupyAsync(lease);
        var queued = new[] { 1f, 13f, 3f }.Select(value => model.Submit(lease, ScheduledModel.Request(value))).ToArray();

        model.LetEnd(5);

        _ = await first;
        Assert.Equal(ServingCode.InferenceFailed, (await Assert.ThrowsAsync<ServingException>(() => queued[1])).Code);
        await AssertOutputs([queued[0], queued[2]], 2f, 4f);
        Assert.Equal((3, 1), (lease.Description.Statistics.Success.Count, lease.Description.Statistics.EngineFailed));

        static void Refuse(float[] values)
        {
            if (values.Contains(13f))
            {
                throw new ServingException(ServingCode.InferenceFailed, "The model failed on this input.");
            }
        }
    }

    [Fact]
    public async Task RunAsync_OutputsHaveNoRows_RunsAloneAndBatchesNoMore()
    {
        await using var model = new ScheduledModel { Compute = input => Tensor.From([input.ToArray<float>().Sum()], 1, 1) };
        var lease = await model.AddAsync(Four);
        var first = await model.OccupyAsync(lease);
        var queued = Enumerable.Range(1, 3).Select(value => model.Submit(lease, ScheduledModel.Request(value))).ToArray();

        model.LetEnd(5);
        _ = await Task.WhenAll([first, .. queued]);
        var later = await model.OccupyAsync(lease, value: 7);

        Assert.Equal([2f, 4f, 6f], (await Task.WhenAll(queued)).Select(outputs => outputs.Tensors[0].Tensor.AsSpan<float>()[0]));
        var more = Enumerable.Range(1, 2).Select(value => model.Submit(lease, ScheduledModel.Request(value))).ToArray();
        model.LetEnd(3);
        _ = await Task.WhenAll([later, .. more]);
        Assert.Equal([2, 6, 2, 2, 2, 2, 2, 2], model.Runs.Select(run => run.Length));
    }

    [Fact]
    public async Task RunAsync_CallersAreNotMixed_ShareARunWithThemselvesOnly()
    {
        await using var model = new ScheduledModel(new() { Workers = 1, MixesCallers = false });
        var lease = await model.AddAsync(Four);
        var first = await model.OccupyAsync(lease);
        var queued = new[] { (1f, "a"), (2f, "b"), (3f, "a") }.Select(one => model.Submit(lease, ScheduledModel.Request(one.Item1, caller: one.Item2))).ToArray();

        model.LetEnd(3);

        _ = await Task.WhenAll([first, .. queued]);
        Assert.Equal([[0f, 0f], [1f, 1f, 3f, 3f], [2f, 2f]], model.Runs);
    }

    [Fact]
    public async Task RunAsync_OneOfABatchIsCancelled_TheOthersAreAnswered()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(Four);
        var first = await model.OccupyAsync(lease);
        using var cancellation = new CancellationTokenSource();
        var leaving = model.SubmitCancellable(lease, ScheduledModel.Request(1), cancellation.Token);
        var staying = model.Submit(lease, ScheduledModel.Request(2));
        model.LetEnd();
        await model.StartedAsync();

        await cancellation.CancelAsync();
        model.LetEnd();

        await AssertOutputs([staying], 3f);
        _ = await first;

        // Its run had begun, for the other's sake; whether it still gets the answer is a matter of moments.
        _ = await Record.ExceptionAsync(() => leaving);
        Assert.True(leaving.IsCompleted);
    }

    [Fact]
    public async Task RunAsync_AllOfABatchAreCancelled_TheRunEnds()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(Four);
        var first = await model.OccupyAsync(lease);
        using var cancellation = new CancellationTokenSource();
        var leaving = new[] { 1f, 2f }.Select(value => model.SubmitCancellable(lease, ScheduledModel.Request(value), cancellation.Token)).ToArray();
        model.LetEnd();
        await model.StartedAsync();

        await cancellation.CancelAsync();

        foreach (var run in leaving)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        }

        Assert.Equal(2, lease.Description.Statistics.Cancelled);
        _ = await first;
        var next = await model.OccupyAsync(lease);
        model.LetEnd();
        _ = await next;
    }

    [Fact]
    public async Task Dispose_OneShareOfABatch_LeavesTheOthersReadable()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(Four);
        var first = await model.OccupyAsync(lease);
        var queued = new[] { 1f, 2f }.Select(value => model.Submit(lease, ScheduledModel.Request(value))).ToArray();
        model.LetEnd(2);
        _ = await Task.WhenAll([first, .. queued]);

        (await queued[0]).Dispose();
        (await queued[0]).Dispose();

        await AssertOutputs([queued[1]], 3f);
        (await queued[1]).Dispose();
    }

    private static async Task AssertOutputs(Task<InferenceOutputs>[] runs, params float[] expected)
    {
        for (var index = 0; index < runs.Length; index++)
        {
            Assert.All((await runs[index]).Tensors, output => Assert.All(output.Tensor.ToArray<float>(), value => Assert.Equal(expected[index], value)));
        }
    }
}
