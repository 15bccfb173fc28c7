using System.Collections.Concurrent;
using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;
using CsCheck;

namespace BlindAI.Inference.Tests.Scheduling;

/// <summary>Whatever arrives in whatever order, every request is answered once: with its own values in its own shape, or with a reason.</summary>
public sealed class SchedulerPropertyTests
{
    private static readonly Gen<Arrival> GenArrival = Gen.Select(
        Gen.Int[1, 5], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 4], Gen.Int[0, 9],
        (rows, width, caller, priority, fate) => new Arrival(rows, width, caller, (ulong)priority, fate));

    private static readonly Gen<(ModelOverrides, int Workers, int MaxQueued, bool Mixes)> GenSetting = Gen.Select(
        Gen.Int[1, 6], Gen.Int[1, 5].Array[0, 3], Gen.Int[0, 2], Gen.Int[1, 3], Gen.Int[1, 20], Gen.Bool,
        (batch, preferred, levels, workers, queued, mixes) =>
            (new ModelOverrides { MaxBatchSize = batch, PreferredBatchSizes = preferred, PriorityLevels = levels }, workers, queued, mixes));

    [Fact]
    public void RunAsync_AnyArrivals_EachIsAnsweredOnceInItsOwnShape() =>
        Gen.Select(GenSetting, GenArrival.Array[1, 40]).Sample((setting, arrivals) => RunAll(setting, arrivals).GetAwaiter().GetResult(), iter: 150, threads: 2);

    private static async Task RunAll((ModelOverrides Overrides, int Workers, int MaxQueued, bool Mixes) setting, Arrival[] arrivals)
    {
        await using var model = new ScheduledModel(new() { Workers = setting.Workers, MaxQueued = setting.MaxQueued, MixesCallers = setting.Mixes });
        var answers = new ConcurrentDictionary<int, int>();
        model.Engine.OnRun = Run;
        var lease = await model.AddAsync(setting.Overrides);
        await Task.WhenAll(arrivals.Select((arrival, index) => Task.Run(() => AskAsync(arrival, index))));

        Assert.Equal(arrivals.Length, answers.Count);
        Assert.All(answers.Values, count => Assert.Equal(1, count));
        var counts = lease.Description.Statistics;
        Assert.Equal(arrivals.Length, counts.Success.Count + counts.Fail.Count);
        Assert.Equal((0, 0, 0), (counts.Pending, model.Scheduler.Waiting, model.Scheduler.Running));

        async Task AskAsync(Arrival arrival, int index)
        {
            using var cancellation = new CancellationTokenSource();
            var request = ScheduledModel.Request(index + (arrival.Fails ? 0.5f : 0), arrival.Rows, arrival.Width, arrival.Caller) with { Priority = arrival.Priority };
            try
            {
                var run = model.SubmitCancellable(lease, request, cancellation.Token);
                if (arrival.Leaves)
                {
                    await cancellation.CancelAsync();
                }

                using var outputs = await run;
                var tensor = outputs.Tensors[0].Tensor;
                Assert.Equal([arrival.Rows, arrival.Width], tensor.Shape);
                Assert.All(tensor.ToArray<float>(), value => Assert.Equal(index + 1f, value));
                Assert.False(arrival.Fails && arrival.Width > 0);
            }
            catch (OperationCanceledException)
            {
                Assert.True(arrival.Leaves);
            }
            catch (ServingException refusal)
            {
                Assert.True(refusal.Code == ServingCode.Overloaded || (refusal.Code == ServingCode.InferenceFailed && arrival.Fails));
            }

            _ = answers.AddOrUpdate(index, 1, (_, count) => count + 1);
        }

        // Values with a half in them fail the whole run, as a bad index does.
        static InferenceOutputs Run(InferenceRequest request, CancellationToken cancellationToken)
        {
            var input = request.Inputs[0].Tensor;
            var values = input.ToArray<float>();
            cancellationToken.ThrowIfCancellationRequested();
            return values.Any(value => value != MathF.Floor(value))
                ? throw new ServingException(ServingCode.InferenceFailed, "The model failed on this input.")
                : new InferenceOutputs([new("y", Tensor.From([.. values.Select(value => value + 1)], input.Shape.Dimensions))]);
        }
    }

    private sealed record Arrival(int Rows, int Width, int Caller, ulong Priority, int Fate)
    {
        public bool Fails => Fate == 0;

        public bool Leaves => Fate == 1;
    }
}
