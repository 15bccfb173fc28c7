using BlindAI.Inference.Models;

namespace BlindAI.Inference.Engines;

/// <summary>What an inspection found in a model that passed it.</summary>
internal sealed record OnnxFacts
{
    /// <summary>The ONNX file.</summary>
    public required BundleFile Model { get; init; }

    /// <summary>Files that hold weights, under the names by which the model refers to them.</summary>
    public required IReadOnlyDictionary<string, BundleFile> ExternalFiles { get; init; }

    /// <summary>Names of the graph's inputs in its order, those with a default among them.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>Inputs and outputs whose number of dimensions the model leaves open: ONNX Runtime reports them as scalars.</summary>
    public required IReadOnlySet<string> WithoutRank { get; init; }

    /// <summary>What matters to scheduling.</summary>
    public required ModelTraits Traits { get; init; }
}
