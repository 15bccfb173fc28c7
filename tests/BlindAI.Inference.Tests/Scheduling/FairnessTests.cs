using BlindAI.Inference.Models;
using BlindAI.Protocol;

namespace BlindAI.Inference.Tests.Scheduling;

/// <summary>Whose turn it is: priorities, callers, models and namespaces; and what happens when a queue is full or a run does not end.</summary>
public sealed class FairnessTests
{
    [Fact]
    public async Task RunAsync_Priorities_TheHighestGoFirst()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(new() { PriorityLevels = 3, DefaultPriorityLevel = 2 });
        var first = await model.OccupyAsync(lease);
        var queued = new[] { (3f, 3ul), (2f, 0ul), (1f, 1ul), (9f, 99ul), (2.5f, 2ul) }
            .Select(one => model.Submit(lease, ScheduledModel.Request(one.Item1, width: 1) with { Priority = one.Item2 })).ToArray();

        model.LetEnd(6);

        _ = await Task.WhenAll([first, .. queued]);
        Assert.Equal([0f, 1f, 2f, 2.5f, 3f, 9f], model.Runs.Select(run => run[0]));
    }

    [Fact]
    public async Task RunAsync_ModelWithoutLevels_IgnoresPriorities()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(new());
        var first = await model.OccupyAsync(lease);
        var queued = new[] { (1f, 9ul), (2f, 1ul) }.Select(one => model.Submit(lease, ScheduledModel.Request(one.Item1) with { Priority = one.Item2 })).ToArray();

        model.LetEnd(3);

        _ = await Task.WhenAll([first, .. queued]);
        Assert.Equal([0f, 1f, 2f], model.Runs.Select(run => run[0]));
    }

    [Fact]
    public async Task RunAsync_OneCallerHasManyWaiting_AnotherHasTheNextTurn()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(new());
        var first = await model.OccupyAsync(lease);
        var many = Enumerable.Range(1, 5).Select(value => model.Submit(lease, ScheduledModel.Request(value, caller: "many"))).ToArray();
        var few = new[] { 100f, 101f }.Select(value => model.Submit(lease, ScheduledModel.Request(value, caller: "few"))).ToArray();

        model.LetEnd(8);

        _ = await Task.WhenAll([first, .. many, .. few]);
        Assert.Equal([0f, 1f, 100f, 2f, 101f, 3f, 4f, 5f], model.Runs.Select(run => run[0]));
    }

    [Fact]
    public async Task RunAsync_BatchOfManyCallers_TakesFromEachInTurn()
    {
        await using var model = new ScheduledModel();
        var lease = await model.AddAsync(new() { MaxBatchSize = 4 });
        var first = await model.OccupyAsync(lease);
        var many = Enumerable.Range(1, 6).Select(value => model.Submit(lease, ScheduledModel.Request(value, width: 1, caller: "many"))).ToArray();
        var few = new[] { 100f, 101f }.Select(value => model.Submit(lease, ScheduledModel.Request(value, width: 1, caller: "few"))).ToArray();

        model.LetEnd(3);

        _ = await Task.WhenAll([first, .. many, .. few]);
        Assert.Equal([1f, 100f, 2f, 101f], model.Runs[1]);
        Assert.Equal([3f, 4f, 5f, 6f], model.Runs[2]);
    }

    [Fact]
    public async Task RunAsync_FullQueue_TheCallerWithMostWaitingGivesWay()
    {
        await using var model = new ScheduledModel(new() { Workers = 1, MaxQueued = 4 });
        var lease = await model.AddAsync(new());
        var first = await model.OccupyAsync(lease);
        var many = Enumerable.Range(1, 4).Select(value => model.Submit(lease, ScheduledModel.Request(value, caller: "many"))).ToArray();

        var few = model.Submit(lease, ScheduledModel.Request(100, caller: "few"));
        var refusal = await Assert.ThrowsAsync<ServingException>(() => many[3]);
        var own = await Assert.ThrowsAsync<ServingException>(() => model.Submit(lease, ScheduledModel.Request(5, caller: "many")));

        Assert.All([refusal, own], one => Assert.Equal((ServingCode.Overloaded, true), (one.Code, one.RetryAfter >= TimeSpan.FromSeconds(1))));
        model.LetEnd(5);
        _ = await Task.WhenAll([first, few, .. many[..3]]);
        Assert.Equal((5, 2), (lease.Description.Statistics.Success.Count, lease.Description.Statistics.Rejected));
    }

    [Fact]
    public async Task RunAsync_FullQueue_ALowerPriorityGivesWay()
    {
        await using var model = new ScheduledModel(new() { Workers = 1, MaxQueued = 2 });
        var lease = await model.AddAsync(new() { PriorityLevels = 2, DefaultPriorityLevel = 2 });
        var first = await model.OccupyAsync(lease);
        var low = Enumerable.Range(1, 2).Select(value => model.Submit(lease, ScheduledModel.Request(value))).ToArray();

        var high = model.Submit(lease, ScheduledModel.Request(100) with { Priority = 1 });

        Assert.Equal(ServingCode.Overloaded, (await Assert.ThrowsAsync<ServingException>(() => low[1])).Code);
        model.LetEnd(3);
        _ = await Task.WhenAll(first, high, low[0]);
        Assert.Equal([0f, 100f, 1f], model.Runs.Select(run => run[0]));
    }

    [Fact]
    public async Task RunAsync_OneModelHasManyWaiting_AnotherModelHasItsTurn()
    {
        await using var model = new ScheduledModel();
        var busy = await model.AddAsync(new(), "busy");
        var quiet = await model.AddAsync(new(), "quiet");
        model.OnValues = _ => model.Time.Advance(TimeSpan.FromMilliseconds(10));
        var first = await model.OccupyAsync(busy);
        var many = Enumerable.Range(1, 4).Select(value => model.Submit(busy, ScheduledModel.Request(value))).ToArray();
        var one = model.Submit(quiet, ScheduledModel.Request(100));

        model.LetEnd(6);

        _ = await Task.WhenAll([first, one, .. many]);
        Assert.InRange(model.Runs.Select(run => run[0]).ToList().IndexOf(100f), 1, 2);
    }

    [Fact]
    public async Task RunAsync_ANamespaceWithManyModels_HasNoMoreThanOneWithOne()
    {
        await using var model = new ScheduledModel();
        model.OnValues = _ => model.Time.Advance(TimeSpan.FromMilliseconds(10));
        var crowd = new List<ModelLease>();
        for (var index = 0; index < 5; index++)
        {
            crowd.Add(await model.AddAsync(new(), $"m{index}", owner: "crowd"));
        }

        var lone = await model.AddAsync(new(), owner: "lone");
        var first = await model.OccupyAsync(crowd[0]);
        var many = crowd.SelectMany(lease => Enumerable.Range(1, 4).Select(value => model.Submit(lease, ScheduledModel.Request(value)))).ToArray();
        var few = Enumerable.Range(100, 8).Select(value => model.Submit(lone, ScheduledModel.Request(value))).ToArray();

        model.LetEnd(29);

        _ = await Task.WhenAll([first, .. many, .. few]);
        var order = model.Runs.Select(run => run[0] >= 100).ToList();
        Assert.InRange(order.Take(16).Count(isLone => isLone), 6, 8);
    }

    [Fact]
    public async Task RunAsync_ANamespaceWithLongRuns_LeavesAThreadToAnother()
    {
        await using var model = new ScheduledModel(new() { Workers = 2, MaxQueueTime = TimeSpan.FromMinutes(5) });
        var heavy = await model.AddAsync(new(), owner: "heavy");
        var light = await model.AddAsync(new(), owner: "light");
        model.OnValues = values => model.Time.Advance(values[0] >= 100 ? TimeSpan.FromSeconds(3) : TimeSpan.Zero);
        var known = await model.OccupyAsync(heavy, 100);
        model.LetEnd();
        _ = await known;
        var seen = await model.OccupyAsync(light, 1);
        model.LetEnd();
        _ = await seen;

        var many = new[] { 101f, 102f, 103f }.Select(value => model.Submit(heavy, ScheduledModel.Request(value))).ToArray();
        await model.StartedAsync();
        var one = await model.OccupyAsync(light, 2);

        Assert.Equal([100f, 1f, 101f, 2f], model.Runs.Select(run => run[0]));
        model.LetEnd(4);
        _ = await Task.WhenAll([one, .. many]);
    }

    [Fact]
    public async Task RunAsync_RunThatDoesNotEnd_IsEndedAndTheThreadIsFree()
    {
        await using var model = new ScheduledModel(new() { Workers = 1, MaxRunTime = TimeSpan.FromSeconds(2) });
        var lease = await model.AddAsync(new());
        var endless = await model.OccupyAsync(lease);

        model.Time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(ServingCode.DeadlineExceeded, (await Assert.ThrowsAsync<ServingException>(() => endless)).Code);
        var next = await model.OccupyAsync(lease, value: 1);
        model.LetEnd();
        _ = await next;
        Assert.Equal((1, 1), (lease.Description.Statistics.Success.Count, lease.Description.Statistics.OtherFailed));
    }

    [Fact]
    public async Task DisposeAsync_RunThatDoesNotEnd_IsEndedAfterAWhile()
    {
        var model = new ScheduledModel();
        var lease = await model.AddAsync(new());
        var endless = await model.OccupyAsync(lease);

        var stop = model.Scheduler.DisposeAsync().AsTask();
        model.Time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(ServingCode.ShuttingDown, (await Assert.ThrowsAsync<ServingException>(() => endless)).Code);
        await stop;
        await model.DisposeAsync();
    }
}
