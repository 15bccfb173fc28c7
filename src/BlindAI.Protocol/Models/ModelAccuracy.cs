namespace BlindAI.Protocol.Models;

/// <summary>How far the outputs of two forms of a model are apart, measured on made-up inputs when it was loaded.</summary>
/// <param name="Runs">Inputs that both forms ran.</param>
/// <param name="MaxAbsoluteDifference">The largest difference of an element of a floating-point output.</param>
/// <param name="RelativeRms">The root mean square of the differences, as a share of that of the uploaded form's outputs.</param>
public sealed record ModelAccuracy(int Runs, double MaxAbsoluteDifference, double RelativeRms);
