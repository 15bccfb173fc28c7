using System.Globalization;
using BlindAI.Inference.Engines;
using BlindAI.Inference.Models;
using BlindAI.Protocol;

namespace BlindAI.Inference.Scheduling;

/// <summary>Warms a loaded model up and measures what the scheduler must know: how long a run takes, whether rows may share one, and whether that gains anything.</summary>
/// <remarks>
/// It runs at load, on made-up inputs, before the model is ready. Batching is decided by evidence: as many threads as will run models run single rows, then eight rows at a time, and
/// only a gain of a quarter switches it on. On processors most models gain nothing: one row of an image model fills the arithmetic units alone. Source: docs/scheduling.md.
/// </remarks>
/// <param name="workers">Threads that will run models at once.</param>
/// <param name="maxBatch">Most rows of a batch where the owner does not say.</param>
/// <param name="time">The clock that measures.</param>
public sealed class ModelProfiler(int workers, int maxBatch, TimeProvider time)
{
    private const int TrialBatch = 8;

    private const double WorthwhileGain = 1.25;

    // So far from the limit on either side, one measurement is enough on a noisy machine.
    private const double ClearlyNot = 1.1;
    private const double Clearly = 1.6;

    private const int MaxRounds = 3;

    // A row that takes longer keeps a core busy by itself, and eight of them would hold up the load.
    private static readonly TimeSpan LongestBatchedRow = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan MeasuredTime = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan WarmUpLimit = TimeSpan.FromSeconds(5);

    // Loads wait for each other, so a model whose runs take ever longer must not measure for ever.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan WarmUpLimitOfLoops = TimeSpan.FromMilliseconds(250);

    /// <summary>Sizes to try for dimensions of any size other than the first: short texts, one frame, small and usual images.</summary>
    private static readonly int[] VariableSizes = [8, 1, 32, 224, 4000];

    /// <summary>Sizes at which the gain is measured where a model has such dimensions.</summary>
    private static readonly int[] GainSizes = [8, 32, 128];

    /// <summary>Warms a model up and measures it.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ModelUnsupported"/>: a batch size is asked for, and the model cannot be batched.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public (ModelConfiguration Configuration, RunProfile Profile) Measure(ILoadedModel model, ModelOverrides overrides, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(overrides);
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return MeasureAll(model, overrides, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            RefuseBatching(overrides, "it could not be tried: its runs take too long");
            return (Configure(overrides, 0, "not batched: its runs take too long to be tried"), RunProfile.Unknown);
        }
    }

    private (ModelConfiguration Configuration, RunProfile Profile) MeasureAll(ILoadedModel model, ModelOverrides overrides, CancellationToken cancellationToken)
    {
        if (WarmUp(model, cancellationToken) is not { } variable)
        {
            RefuseBatching(overrides, "it could not be tried: it runs on no made-up input");
            return (Configure(overrides, 0, "not batched: it runs on no made-up input"), RunProfile.Unknown);
        }

        var inputs = SyntheticInputs.TryMake(model.Signature, 0, 1, variable)!;
        var single = TimeSingle(model, inputs, cancellationToken);
        var inlineElements = single <= InferenceScheduler.InlineLimit && !model.Traits.HasLoops ? SyntheticInputs.ElementsOf(inputs) : 0;
        if (overrides.MaxBatchSize is <= 1)
        {
            return (Configure(overrides, 0, "not batched: its owner switched it off"), new() { InlineElements = inlineElements });
        }

        var obstacle = RowTrial.FindObstacle(model, variable, cancellationToken);
        if (overrides.MaxBatchSize is { } size)
        {
            RefuseBatching(overrides, obstacle);
            ReleaseMemory(model, inputs, cancellationToken);
            return (Configure(overrides, size, $"batched, up to {size} rows: its owner switched it on, and rows give together what they give alone"), new());
        }

        var (rowElements, reason) = obstacle is not null ? (0, $"not batched: {obstacle}")
            : maxBatch <= 1 ? (0, "not batched: the server batches only what owners switch on")
            : inlineElements > 0 ? (0, $"not batched: a run takes {Text(single)}, less than handing it over")
            : single > LongestBatchedRow ? (0, $"not batched: a row takes {Text(single)} and keeps a core busy alone")
            : MeasureGain(model, variable, cancellationToken);
        ReleaseMemory(model, inputs, cancellationToken);
        return (Configure(overrides, rowElements > 0 ? maxBatch : 0, reason), new() { InlineElements = inlineElements, BatchedRowElements = rowElements });
    }

    /// <summary>What holds where nothing is measured: the owner's word, and no batching without it.</summary>
    public static (ModelConfiguration Configuration, RunProfile Profile) Assume(ModelOverrides overrides) =>
        (Configure(overrides, overrides.MaxBatchSize is > 1 and var size ? size : 0, "as its owner says: nothing was measured"), RunProfile.Unknown);

    private static ModelConfiguration Configure(ModelOverrides overrides, int maxBatchSize, string reason) => new()
    {
        MaxBatchSize = maxBatchSize,
        PreferredBatchSizes = maxBatchSize > 1 ? [.. (overrides.PreferredBatchSizes ?? []).Where(size => size <= maxBatchSize).Order()] : [],
        MaxQueueDelay = maxBatchSize > 1 ? overrides.MaxQueueDelay ?? TimeSpan.Zero : TimeSpan.Zero,
        PriorityLevels = overrides.PriorityLevels ?? 0,
        DefaultPriorityLevel = overrides.PriorityLevels is > 0 and var levels ? overrides.DefaultPriorityLevel ?? Math.Min(levels, (levels / 2) + 1) : 0,
        IntraOpThreads = overrides.IntraOpThreads ?? 1,
        Precision = overrides.Precision,
        BatchingReason = reason,
    };

    private static void RefuseBatching(ModelOverrides overrides, string? obstacle)
    {
        if (overrides.MaxBatchSize > 1 && obstacle is not null)
        {
            throw new ServingException(ServingCode.ModelUnsupported, $"The model cannot be batched: {obstacle}.", "upload it without max_batch_size.");
        }
    }

    // Several rows on every thread have needed more memory than service may: the engine would keep it for ever.
    private static void ReleaseMemory(ILoadedModel model, IReadOnlyList<Protocol.Tensors.NamedTensor> inputs, CancellationToken cancellationToken)
    {
        model.Run(new(inputs) { ReleasesMemory = true }, cancellationToken).Dispose();
        NativeHeap.Trim();
    }

    /// <summary>The size of variable dimensions with which the model runs; null when it runs with none.</summary>
    private int? WarmUp(ILoadedModel model, CancellationToken cancellationToken)
    {
        foreach (var variable in VariableSizes)
        {
            if (SyntheticInputs.TryMake(model.Signature, 0, 1, variable) is not { } inputs)
            {
                continue;
            }

            using var limit = new CancellationTokenSource(model.Traits.HasLoops ? WarmUpLimitOfLoops : WarmUpLimit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            try
            {
                model.Run(new(inputs), either.Token).Dispose();
                return variable;
            }
            catch (ServingException)
            {
                // These dimensions do not suit it; the next may.
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return null;
            }
        }

        return null;
    }

    private TimeSpan TimeSingle(ILoadedModel model, IReadOnlyList<Protocol.Tensors.NamedTensor> inputs, CancellationToken cancellationToken)
    {
        // The least of a few: what disturbs a run only makes it longer.
        var least = TimeSpan.MaxValue;
        var started = time.GetTimestamp();
        for (var run = 0; run < 20 && (run == 0 || time.GetElapsedTime(started) < MeasuredTime); run++)
        {
            var before = time.GetTimestamp();
            model.Run(new(inputs), cancellationToken).Dispose();
            var elapsed = time.GetElapsedTime(before);
            least = elapsed < least ? elapsed : least;
        }

        return least;
    }

    private (long RowElements, string Reason) MeasureGain(ILoadedModel model, int variable, CancellationToken cancellationToken)
    {
        var hasVariable = model.Signature.Inputs.Any(input => input.Shape.Skip(1).Contains(Engines.TensorMetadata.Variable));
        var (best, bestGain, worst) = (0L, 0.0, double.MaxValue);
        foreach (var size in hasVariable ? GainSizes : [variable])
        {
            var gain = GainAt(model, size, cancellationToken);
            if (gain < WorthwhileGain)
            {
                worst = gain;
                break;
            }

            var elements = SyntheticInputs.ElementsOf(SyntheticInputs.TryMake(model.Signature, 0, 1, size)!);
            (best, bestGain) = (elements, Math.Max(bestGain, gain));
        }

        return best == 0
            ? (0, string.Create(CultureInfo.InvariantCulture, $"not batched: eight rows at a time give {worst:0.00} times the rows of single runs, less than {WorthwhileGain}"))
            : (best, string.Create(CultureInfo.InvariantCulture, $"batched: eight rows at a time give up to {bestGain:0.0} times the rows of single runs") +
                (hasVariable ? string.Create(CultureInfo.InvariantCulture, $", for rows of up to {best} elements") : ""));
    }

    // 0 where a run does not succeed, or takes too long to be worth it.
    private double GainAt(ILoadedModel model, int variable, CancellationToken cancellationToken)
    {
        if (SyntheticInputs.TryMake(model.Signature, 0, 1, variable) is not { } one || SyntheticInputs.TryMake(model.Signature, 0, TrialBatch, variable) is not { } eight)
        {
            return 0;
        }

        try
        {
            if (TimeSingle(model, one, cancellationToken) > LongestBatchedRow)
            {
                return 0;
            }

            var gains = new List<double>();
            for (var round = 0; round < MaxRounds; round++)
            {
                var alone = RunEverywhere(model, one, cancellationToken);
                gains.Add(TrialBatch * alone / RunEverywhere(model, eight, cancellationToken));
                if (gains is [< ClearlyNot or > Clearly])
                {
                    break;
                }
            }

            return gains.Order().ElementAt(gains.Count / 2);
        }
        catch (ServingException)
        {
            return 0;
        }
    }

    // The time of a run when as many threads run as will in service.
    private double RunEverywhere(ILoadedModel model, IReadOnlyList<Protocol.Tensors.NamedTensor> inputs, CancellationToken cancellationToken)
    {
        var runs = 0;
        Exception? failure = null;
        var started = time.GetTimestamp();
        var threads = Enumerable.Range(1, workers - 1).Select(_ => new Thread(Measure) { IsBackground = true }).ToList();
        threads.ForEach(thread => thread.Start());
        Measure();
        threads.ForEach(thread => thread.Join());
        return failure is null ? time.GetElapsedTime(started) / runs * workers / TimeSpan.FromMicroseconds(1) : throw failure;

        void Measure()
        {
            try
            {
                do
                {
                    model.Run(new(inputs), cancellationToken).Dispose();
                    _ = Interlocked.Increment(ref runs);
                }
                while (time.GetElapsedTime(started) < MeasuredTime);
            }
            catch (Exception exception)
            {
                _ = Interlocked.CompareExchange(ref failure, exception, null);
            }
        }
    }

    private static string Text(TimeSpan duration) => duration.TotalMilliseconds >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:0.0} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMicroseconds:0} us");
}
