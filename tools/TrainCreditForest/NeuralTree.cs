namespace TrainCreditForest;

/// <summary>A decision tree as a network with two hidden layers: splits, then leaves, then a weighted vote.</summary>
/// <remarks>
/// Source: Biau, Scornet, Welbl, "Neural Random Forests", arXiv:1604.07143, sections 2 and 3. With hard signs for tanh the network is the tree:
/// split k answers u_k = tanh(gamma1 (x[feature] - threshold)); leaf l answers v_l = tanh(gamma2 (sum of its path's directions times u_k, minus the
/// path's length, plus 1/2)), which is near +1 in the leaf of the row and near -1 in every other; the vote is the sum of w_l (v_l + 1) / 2.
/// Training keeps the tree's zeros: a split looks at its own feature, a leaf at its own path (the paper's sparse variant).
/// </remarks>
public sealed class NeuralTree
{
    private readonly int[] _features;
    private readonly int[][] _paths;                // for each leaf, the splits above it
    private readonly float[] _splitOutputs;
    private readonly float[] _leafOutputs;

    public NeuralTree(DecisionTree tree, float gamma1, float gamma2)
    {
        SplitCount = tree.SplitCount;
        LeafCount = tree.LeafCount;
        _features = [.. tree.Features];
        var paths = tree.Paths();
        _paths = [.. paths.Select(path => path.Select(step => step.Split).ToArray())];
        _splitOutputs = new float[SplitCount];
        _leafOutputs = new float[LeafCount];
        Parameters = new float[(2 * SplitCount) + (LeafCount * SplitCount) + (2 * LeafCount) + 1];

        var (splitWeights, splitBiases, leafWeights, leafBiases, votes) = Layers.Of(Parameters, this);
        for (var split = 0; split < SplitCount; split++)
        {
            splitWeights[split] = gamma1;
            splitBiases[split] = -gamma1 * tree.Thresholds[split];
        }

        for (var leaf = 0; leaf < LeafCount; leaf++)
        {
            foreach (var (split, direction) in paths[leaf])
            {
                leafWeights[(leaf * SplitCount) + split] = gamma2 * direction;
            }

            leafBiases[leaf] = gamma2 * (0.5f - paths[leaf].Count);
            votes[leaf] = tree.LeafValues[leaf] / 2;
            votes[LeafCount] += tree.LeafValues[leaf] / 2;
        }
    }

    public int SplitCount { get; }

    public int LeafCount { get; }

    /// <summary>All weights and biases in one array, as the optimiser wants them; <see cref="Layers"/> names the parts.</summary>
    public float[] Parameters { get; }

    /// <summary>The feature that each split looks at.</summary>
    public IReadOnlyList<int> Features => _features;

    /// <summary>The vote for "bad" of this tree: near a probability, not quite bounded by 0 and 1.</summary>
    public float Predict(ReadOnlySpan<float> row)
    {
        var (splitWeights, splitBiases, leafWeights, leafBiases, votes) = Layers.Of(Parameters, this);
        for (var split = 0; split < SplitCount; split++)
        {
            _splitOutputs[split] = MathF.Tanh((splitWeights[split] * row[_features[split]]) + splitBiases[split]);
        }

        var vote = votes[LeafCount];
        for (var leaf = 0; leaf < LeafCount; leaf++)
        {
            var sum = 0f;
            foreach (var split in _paths[leaf])
            {
                sum += leafWeights[(leaf * SplitCount) + split] * _splitOutputs[split];
            }

            _leafOutputs[leaf] = MathF.Tanh(sum + leafBiases[leaf]);
            vote += votes[leaf] * _leafOutputs[leaf];
        }

        return vote;
    }

    /// <summary>Adds the gradient of the squared error of one row to <paramref name="gradient"/>, laid out as <see cref="Parameters"/>.</summary>
    public void AddGradient(ReadOnlySpan<float> row, float label, float[] gradient)
    {
        var error = 2 * (Predict(row) - label);
        var (_, _, leafWeights, _, votes) = Layers.Of(Parameters, this);
        var (splitWeightGradient, splitBiasGradient, leafWeightGradient, leafBiasGradient, voteGradient) = Layers.Of(gradient, this);
        Span<float> splitErrors = stackalloc float[SplitCount];
        voteGradient[LeafCount] += error;
        for (var leaf = 0; leaf < LeafCount; leaf++)
        {
            var output = _leafOutputs[leaf];
            var leafError = error * votes[leaf] * (1 - (output * output));
            voteGradient[leaf] += error * output;
            leafBiasGradient[leaf] += leafError;
            foreach (var split in _paths[leaf])
            {
                var at = (leaf * SplitCount) + split;
                leafWeightGradient[at] += leafError * _splitOutputs[split];
                splitErrors[split] += leafError * leafWeights[at];
            }
        }

        for (var split = 0; split < SplitCount; split++)
        {
            var splitError = splitErrors[split] * (1 - (_splitOutputs[split] * _splitOutputs[split]));
            splitWeightGradient[split] += splitError * row[_features[split]];
            splitBiasGradient[split] += splitError;
        }
    }

    /// <summary>The named parts of a parameter or gradient array.</summary>
    public readonly ref struct Layers
    {
        /// <summary>[split]</summary>
        public required Span<float> SplitWeights { get; init; }

        /// <summary>[split]</summary>
        public required Span<float> SplitBiases { get; init; }

        /// <summary>[leaf, split]</summary>
        public required Span<float> LeafWeights { get; init; }

        /// <summary>[leaf]</summary>
        public required Span<float> LeafBiases { get; init; }

        /// <summary>[leaf], then the bias of the vote.</summary>
        public required Span<float> Votes { get; init; }

        public static Layers Of(float[] array, NeuralTree tree)
        {
            var (splits, leaves) = (tree.SplitCount, tree.LeafCount);
            var rest = array.AsSpan(2 * splits);
            return new()
            {
                SplitWeights = array.AsSpan(0, splits),
                SplitBiases = array.AsSpan(splits, splits),
                LeafWeights = rest[..(leaves * splits)],
                LeafBiases = rest.Slice(leaves * splits, leaves),
                Votes = rest[((leaves * splits) + leaves)..],
            };
        }

        public void Deconstruct(
            out Span<float> splitWeights, out Span<float> splitBiases, out Span<float> leafWeights, out Span<float> leafBiases, out Span<float> votes)
        {
            splitWeights = SplitWeights;
            splitBiases = SplitBiases;
            leafWeights = LeafWeights;
            leafBiases = LeafBiases;
            votes = Votes;
        }
    }
}
