namespace TrainCreditForest;

/// <summary>Independent neural trees whose votes are averaged (method 1 of the paper that <see cref="NeuralTree"/> cites).</summary>
public sealed class NeuralForest(IReadOnlyList<DecisionTree> trees, float gamma1, float gamma2)
{
    private const int BatchSize = 32;
    private const float LearningRate = 0.002f;

    /// <summary>The trees, of at most the same size.</summary>
    public IReadOnlyList<NeuralTree> Trees { get; } = [.. trees.Select(tree => new NeuralTree(tree, gamma1, gamma2))];

    /// <summary>The average vote for "bad".</summary>
    public float Predict(ReadOnlySpan<float> row)
    {
        var sum = 0f;
        foreach (var tree in Trees)
        {
            sum += tree.Predict(row);
        }

        return sum / Trees.Count;
    }

    /// <summary>The average votes of many rows.</summary>
    public float[] Predict(LabelledRows rows) => [.. rows.Features.Select(row => Predict(row))];

    /// <summary>Trains every tree by itself on the squared error, and keeps the epoch whose average does best on the validation rows.</summary>
    /// <returns>The epoch kept: 0 if no training was best.</returns>
    public int Train(LabelledRows training, LabelledRows validation, int epochs)
    {
        var optimizers = Trees.Select(tree => new AdamOptimizer(tree.Parameters.Length, LearningRate)).ToArray();
        var random = new SeededRandom(DataSplit.Seed);
        var (bestEpoch, bestError, best) = (0, Metrics.MeanSquaredError(Predict(validation), validation.Labels), Snapshot());
        for (var epoch = 1; epoch <= epochs; epoch++)
        {
            for (var index = 0; index < Trees.Count; index++)
            {
                TrainEpoch(Trees[index], optimizers[index], training, random);
            }

            var error = Metrics.MeanSquaredError(Predict(validation), validation.Labels);
            if (error < bestError)
            {
                (bestEpoch, bestError, best) = (epoch, error, Snapshot());
            }
        }

        for (var index = 0; index < Trees.Count; index++)
        {
            best[index].CopyTo(Trees[index].Parameters, 0);
        }

        return bestEpoch;
    }

    private static void TrainEpoch(NeuralTree tree, AdamOptimizer optimizer, LabelledRows rows, SeededRandom random)
    {
        var order = Enumerable.Range(0, rows.Labels.Length).ToArray();
        random.Shuffle<int>(order);
        var gradient = new float[tree.Parameters.Length];
        foreach (var batch in order.Chunk(BatchSize))
        {
            Array.Clear(gradient);
            foreach (var row in batch)
            {
                tree.AddGradient(rows.Features[row], rows.Labels[row], gradient);
            }

            System.Numerics.Tensors.TensorPrimitives.Divide(gradient, batch.Length, gradient);
            optimizer.Step(tree.Parameters, gradient);
        }
    }

    private float[][] Snapshot() => [.. Trees.Select(tree => (float[])tree.Parameters.Clone())];
}
