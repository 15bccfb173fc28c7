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

    // 16 MiB of floats in an input.
    private const int MaxInputElements = 4 << 20;

    /// <summary>Sizes to try for dimensions of any size other than the first: short texts, one frame, small and usual images, a piece of sound.</summary>
    private static readonly int[] VariableSizes = [8, 1, 32, 224, 4000];

    private readonly int _variable;
    private readonly List<double[]> _outputs;

    private AccuracyProbe(int variable, List<double[]> outputs) => (_variable, _outputs) = (variable, outputs);

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
            for (var run = 0; run < _outputs.Count; run++)
            {
                var expected = _outputs[run];
                var actual = MakeInputs(derived, run, _variable) is { } inputs ? Read(derived, inputs, expected.Length, limit.Token) : [];
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

        return new(_outputs.Count, largest, squares == 0 ? 0 : reference == 0 ? 1 : Math.Sqrt(squares / reference));
    }

    private static AccuracyProbe? TryRun(ILoadedModel model, int variable, CancellationToken cancellationToken)
    {
        var all = new List<double[]>();
        var left = MaxElements;
        for (var run = 0; run < Runs && left > 0; run++)
        {
            if (MakeInputs(model, run, variable) is not { } inputs)
            {
                return null;
            }

            try
            {
                all.Add(Read(model, inputs, left, cancellationToken));
                left -= all[^1].Length;
            }
            catch (ServingException)
            {
                return null;                                // these dimensions do not suit it; the next may
            }
        }

        return all.Exists(outputs => outputs.Length > 0) ? new(variable, all) : null;
    }

    private static IReadOnlyList<NamedTensor>? MakeInputs(ILoadedModel model, int run, int variable) =>
        SyntheticInputs.TryMake(model.Signature, run * RowsOfARun, RowsOfARun, variable) is { } inputs && SyntheticInputs.ElementsOf(inputs) <= MaxInputElements ? inputs : null;

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
