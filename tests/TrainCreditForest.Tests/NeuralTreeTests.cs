using CsCheck;

namespace TrainCreditForest.Tests;

public sealed class NeuralTreeTests
{
    // x0 > 0.5 ? (x1 > -1 ? 0.9 : 0.2) : 0.1
    private static readonly DecisionTree Tree = new([0, 1], [0.5f, -1f], [~0, ~1], [1, ~2], [0.1f, 0.2f, 0.9f]);

    private static readonly Gen<float[]> GenRow = Gen.Float[-3, 3].Array[2];

    [Fact]
    public void Predict_NearlyHardSigns_IsTheTree() => GenRow.Where(row => Math.Abs(row[0] - 0.5f) > 0.01f && Math.Abs(row[1] + 1) > 0.01f).Sample(row =>
    {
        var network = new NeuralTree(Tree, gamma1: 1000, gamma2: 100);

        Assert.Equal(Tree.Predict(row), network.Predict(row), 1e-4f);
    });

    [Fact]
    public void AddGradient_AnyRow_IsTheSlopeOfTheSquaredError() => GenRow.Sample(row =>
    {
        const float Step = 1e-2f;
        var network = new NeuralTree(Tree, gamma1: 1, gamma2: 1);
        var gradient = new float[network.Parameters.Length];
        network.AddGradient(row, label: 1, gradient);
        for (var index = 0; index < gradient.Length; index++)
        {
            var value = network.Parameters[index];
            network.Parameters[index] = value + Step;
            var above = Math.Pow(network.Predict(row) - 1, 2);
            network.Parameters[index] = value - Step;
            var below = Math.Pow(network.Predict(row) - 1, 2);
            network.Parameters[index] = value;

            // Leaf 0 hangs under split 0 alone: the zero at [leaf 0, split 1] belongs to the structure and is not trained.
            var isStructuralZero = index == (2 * network.SplitCount) + 1;
            Assert.Equal(isStructuralZero ? 0 : (above - below) / (2 * Step), gradient[index], 2e-3);
        }
    });
}
