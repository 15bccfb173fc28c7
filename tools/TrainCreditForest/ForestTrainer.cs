using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;

namespace TrainCreditForest;

/// <summary>Grows a random forest with ML.NET and takes its trees out.</summary>
public static class ForestTrainer
{
    /// <summary>Trees of the forest, few enough for a small file.</summary>
    public const int TreeCount = 80;

    /// <summary>Most leaves of a tree.</summary>
    public const int MaxLeaves = 16;

    private const int Seed = 1994;
    private const int MinRowsPerLeaf = 8;

    /// <summary>A regression forest on the labels 0 and 1: a leaf holds the share of bad credits among its rows.</summary>
    public static IReadOnlyList<DecisionTree> Grow(LabelledRows rows)
    {
        var context = new MLContext(Seed);
        var schema = SchemaDefinition.Create(typeof(Example));
        schema[nameof(Example.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, rows.Features[0].Length);
        var examples = rows.Features.Zip(rows.Labels, (features, label) => new Example { Features = features, Label = label });
        var data = context.Data.LoadFromEnumerable(examples.ToList(), schema);
        var trainer = context.Regression.Trainers.FastForest(new FastForestRegressionTrainer.Options
        {
            NumberOfTrees = TreeCount,
            NumberOfLeaves = MaxLeaves,
            MinimumExampleCountPerLeaf = MinRowsPerLeaf,
            FeatureFraction = 0.7,
            Seed = Seed,
            FeatureSelectionSeed = Seed,
            NumberOfThreads = 1,        // more would make the order of sums, and so the file, depend on the machine
        });
        var forest = trainer.Fit(data);
        DecisionTree[] trees = [.. forest.Model.TrainedTreeEnsemble.Trees.Select(Take)];
        Check(trees, rows, [.. forest.Transform(data).GetColumn<float>("Score")]);
        return trees;
    }

    // Proves that the trees were read as ML.NET means them: which way a tie goes, and that their values are averaged.
    private static void Check(DecisionTree[] trees, LabelledRows rows, float[] scores)
    {
        for (var row = 0; row < scores.Length; row++)
        {
            if (Math.Abs(trees.Average(tree => tree.Predict(rows.Features[row])) - scores[row]) > 1e-5)
            {
                throw new InvalidDataException("The trees that were taken out do not answer as the forest does.");
            }
        }
    }

    private static DecisionTree Take(RegressionTreeBase tree) => new(
        [.. tree.NumericalSplitFeatureIndexes],
        [.. tree.NumericalSplitThresholds],
        [.. tree.LeftChild],
        [.. tree.RightChild],
        [.. tree.LeafValues.Select(value => (float)value)]);

    private sealed class Example
    {
        public float[] Features { get; set; } = [];

        public float Label { get; set; }
    }
}
