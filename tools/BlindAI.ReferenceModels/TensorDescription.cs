using BlindAI.OnnxWriter;

namespace BlindAI.ReferenceModels;

/// <summary>An input or output of a model.</summary>
public sealed record TensorDescription(string Name, OnnxType Type, IReadOnlyList<OnnxDimension> Dimensions)
{
    /// <summary>The shape for one batch and, where there is text, one length of it.</summary>
    public long[] Shape(int batch, int sequence) =>
        [.. Dimensions.Select(dimension => dimension.Size ?? (dimension.Symbol == NetworkBuilder.Batch ? batch : sequence))];
}
