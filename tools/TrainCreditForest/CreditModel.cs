namespace TrainCreditForest;

/// <summary>The whole model: features in, probability of "bad" out.</summary>
public sealed record CreditModel(NeuralForest Forest, PlattScaling Calibration, float Gamma1, int Epochs)
{
    /// <summary>The value of the paper's experiments; the splits' own gamma is chosen among <see cref="Gamma1Candidates"/>.</summary>
    public const float Gamma2 = 1;

    private const int MaxEpochs = 200;

    private static readonly float[] Gamma1Candidates = [3, 5, 10];

    /// <summary>Trains one neural forest for each candidate and keeps the one with the least squared error on the validation rows.</summary>
    public static CreditModel Train(IReadOnlyList<DecisionTree> trees, LabelledRows training, LabelledRows validation)
    {
        var best = Gamma1Candidates
            .Select(gamma1 =>
            {
                var forest = new NeuralForest(trees, gamma1, Gamma2);
                var epochs = forest.Train(training, validation, MaxEpochs);
                return (Forest: forest, Gamma1: gamma1, Epochs: epochs, Scores: forest.Predict(validation));
            })
            .MinBy(candidate => Metrics.MeanSquaredError(candidate.Scores, validation.Labels));
        return new(best.Forest, PlattScaling.Fit(best.Scores, validation.Labels), best.Gamma1, best.Epochs);
    }

    /// <summary>The probability of "bad" for each row.</summary>
    public float[] Predict(LabelledRows rows) => [.. Forest.Predict(rows).Select(Calibration.Apply)];
}
