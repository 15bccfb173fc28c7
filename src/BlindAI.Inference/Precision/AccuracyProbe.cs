using BlindAI.Inference.Engines;
using BlindAI.Inference.Scheduling;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Inference.Precision;

/// <summary>What the uploaded form answers to made-up inputs, kept until the derived form has answered them too: both need not be loaded at once.</summary>
internal sealed class AccuracyProbe
{
    private const int Runs = 8;

    private const int RowsOfARun = 2;

    // 8 MiB of outputs: beyond it nothing is compared.
    private const int MaxElements = 1 << 20;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Sizes to try for dimensions of any size other than the first: short texts, one frame, small and usual images.</summary>
    private static readonly int[] VariableSizes = [8, 1, 32, 224];

    private readonly List<(IReadOnlyList<NamedTensor> Inputs, double[] Outputs)> _runs;

    private AccuracyProbe(List<(IReadOnlyList<NamedTensor> Inputs, double[] Outputs)> runs) => _runs = runs;

    /// <summary>Runs the uploaded form; null where nothing comes of it.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static AccuracyProbe? Run(ILoadedModel model, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            return VariableSizes.Select(size => TryRun(model, size, limit.Token)).FirstOrDefault(probe => probe is not null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Runs the derived form on the same inputs; null where it takes too long.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ModelUnsupported"/>: it fails, or gives no numbers, where the uploaded form gives some.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public AccuracyNote? Compare(ILoadedModel derived, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        var (largest, squares, reference) = (0.0, 0.0, 0.0);
        try
        {
            foreach (var (inputs, expected) in _runs)
            {
                var actual = Read(derived, inputs, expected.Length, limit.Token);
                if (actual.Length != expected.Length)
                {
                    throw Unfit("has outputs of other shapes");
                }

                for (var index = 0; index < expected.Length; index++)
                {
                    if (!double.IsFinite(expected[index]))
                    {
                        continue;
                    }

                    var difference = double.IsFinite(actual[index]) ? Math.Abs(actual[index] - expected[index]) : throw Unfit("gives no numbers where the uploaded form does");
                    largest = Math.Max(largest, difference);
                    squares += difference * difference;
                    reference += expected[index] * expected[index];
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (ServingException exception) when (exception.Code == ServingCode.InferenceFailed)
        {
            throw Unfit("fails where the uploaded form runs");
        }

        return new(_runs.Count, largest, squares == 0 ? 0 : reference == 0 ? 1 : Math.Sqrt(squares / reference));
    }

    private static AccuracyProbe? TryRun(ILoadedModel model, int variable, CancellationToken cancellationToken)
    {
        var runs = new List<(IReadOnlyList<NamedTensor>, double[])>();
        var left = MaxElements;
        for (var run = 0; run < Runs && left > 0; run++)
        {
            if (SyntheticInputs.TryMake(model.Signature, run * RowsOfARun, RowsOfARun, variable) is not { } inputs)
            {
                return null;
            }

            try
            {
                var outputs = Read(model, inputs, left, cancellationToken);
                left -= outputs.Length;
                runs.Add((inputs, outputs));
            }
            catch (ServingException)
            {
                return null;                                // these dimensions do not suit it; the next may
            }
        }

        return runs.Exists(run => run.Item2.Length > 0) ? new(runs) : null;
    }

    // The elements of all floating-point outputs, up to a number.
    private static double[] Read(ILoadedModel model, IReadOnlyList<NamedTensor> inputs, int most, CancellationToken cancellationToken)
    {
        using var outputs = model.Run(new(inputs), cancellationToken);
        var elements = new List<double>();
        foreach (var (_, tensor) in outputs.Tensors)
        {
            var count = (int)Math.Min(tensor.Shape.ElementCount, most - elements.Count);
            for (var index = 0; index < count; index++)
            {
                switch (tensor.Datatype)
                {
                    case TensorDatatype.Fp32:
                        elements.Add(tensor.AsSpan<float>()[index]);
                        break;
                    case TensorDatatype.Fp64:
                        elements.Add(tensor.AsSpan<double>()[index]);
                        break;
                    case TensorDatatype.Fp16:
                        elements.Add((double)tensor.AsSpan<Half>()[index]);
                        break;
                }
            }
        }

        return [.. elements];
    }

    private static ServingException Unfit(string what) => new(ServingCode.ModelUnsupported, $"The int8 form of the model {what}.", "upload it with precision=as-uploaded.");
}
