using BlindAI.Inference.Engines;
using BlindAI.Protocol;

namespace BlindAI.Inference.Precision;

/// <summary>How far the outputs of two forms of a model are apart, measured on made-up inputs: a note, and no promise for real data.</summary>
/// <param name="Runs">Inputs that both forms ran.</param>
/// <param name="MaxAbsoluteDifference">The largest difference of an element of a floating-point output.</param>
/// <param name="RelativeRms">The root mean square of the differences, as a share of that of the uploaded form's outputs.</param>
public sealed record AccuracyNote(int Runs, double MaxAbsoluteDifference, double RelativeRms)
{
    /// <summary>Runs both forms on the same seeded inputs. Blocks.</summary>
    /// <returns>Null where no made-up input runs in time, or the model gives no floating-point numbers.</returns>
    /// <exception cref="ServingException"><see cref="ServingCode.ModelUnsupported"/>: the derived form fails, or gives no numbers, where the uploaded form gives some.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static AccuracyNote? Measure(ILoadedModel asUploaded, ILoadedModel derived, CancellationToken cancellationToken = default) =>
        AccuracyProbe.Run(asUploaded, cancellationToken)?.Compare(derived, cancellationToken);
}
