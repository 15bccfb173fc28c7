namespace TrainCreditForest;

/// <summary>A regression tree. A row goes right where its feature is over the threshold; a negative child is the complement of a leaf's index.</summary>
public sealed record DecisionTree(
    IReadOnlyList<int> Features, IReadOnlyList<float> Thresholds, IReadOnlyList<int> Left, IReadOnlyList<int> Right, IReadOnlyList<float> LeafValues)
{
    /// <summary>How many nodes split.</summary>
    public int SplitCount => Features.Count;

    /// <summary>How many leaves there are: one more than splits.</summary>
    public int LeafCount => LeafValues.Count;

    /// <summary>The value of the leaf that the row falls into.</summary>
    public float Predict(ReadOnlySpan<float> features)
    {
        var node = 0;
        while (node >= 0)
        {
            node = features[Features[node]] > Thresholds[node] ? Right[node] : Left[node];
        }

        return LeafValues[~node];
    }

    /// <summary>For each leaf, the splits above it: +1 where its path goes right, -1 where it goes left.</summary>
    public IReadOnlyList<(int Split, int Direction)>[] Paths()
    {
        var paths = new IReadOnlyList<(int, int)>[LeafCount];
        Descend(0, []);
        return paths;

        void Descend(int node, IReadOnlyList<(int, int)> above)
        {
            if (node < 0)
            {
                paths[~node] = above;
                return;
            }

            Descend(Left[node], [.. above, (node, -1)]);
            Descend(Right[node], [.. above, (node, +1)]);
        }
    }
}
