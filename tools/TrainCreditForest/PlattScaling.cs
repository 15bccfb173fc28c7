namespace TrainCreditForest;

/// <summary>Turns a score into a probability: 1 / (1 + exp(-(slope score + offset))).</summary>
/// <remarks>Source: Platt, "Probabilistic outputs for support vector machines" (1999), with its smoothed targets; fitted by Newton's method.</remarks>
public sealed record PlattScaling(float Slope, float Offset)
{
    private const int NewtonSteps = 50;

    /// <summary>Fits to rows that did not train the score.</summary>
    public static PlattScaling Fit(IReadOnlyList<float> scores, IReadOnlyList<float> labels)
    {
        var bad = labels.Count(label => label > 0.5f);
        var badTarget = (bad + 1.0) / (bad + 2.0);
        var goodTarget = 1.0 / (labels.Count - bad + 2.0);
        double slope = 0, offset = Math.Log((bad + 1.0) / (labels.Count - bad + 1.0));
        for (var step = 0; step < NewtonSteps; step++)
        {
            double g1 = 0, g0 = 0, h11 = 1e-9, h10 = 0, h00 = 1e-9;
            for (var row = 0; row < scores.Count; row++)
            {
                var probability = 1 / (1 + Math.Exp(-((slope * scores[row]) + offset)));
                var error = probability - (labels[row] > 0.5f ? badTarget : goodTarget);
                var weight = probability * (1 - probability);
                g1 += error * scores[row];
                g0 += error;
                h11 += weight * scores[row] * scores[row];
                h10 += weight * scores[row];
                h00 += weight;
            }

            var determinant = (h11 * h00) - (h10 * h10);
            slope -= ((h00 * g1) - (h10 * g0)) / determinant;
            offset -= ((h11 * g0) - (h10 * g1)) / determinant;
        }

        return new((float)slope, (float)offset);
    }

    /// <summary>The probability of "bad".</summary>
    public float Apply(float score) => 1 / (1 + MathF.Exp(-((Slope * score) + Offset)));
}
