using System.Collections.Immutable;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Inference.Engines;

/// <summary>What a model says of one of its inputs or outputs.</summary>
public sealed record TensorMetadata
{
    /// <summary>Stands for a dimension of any size.</summary>
    public const long Variable = -1;

    /// <summary>Describes a tensor.</summary>
    /// <param name="name">The model's name of it.</param>
    /// <param name="datatype">Its datatype.</param>
    /// <param name="shape">Its dimensions, <see cref="Variable"/> where any size fits; null where the model leaves even their number open.</param>
    public TensorMetadata(string name, TensorDatatype datatype, ImmutableArray<long>? shape)
    {
        Name = name;
        Datatype = datatype;
        Shape = shape ?? [];
        HasRank = shape is not null;
    }

    /// <summary>The model's name of the tensor.</summary>
    public string Name { get; }

    /// <summary>The datatype.</summary>
    public TensorDatatype Datatype { get; }

    /// <summary>The dimensions, <see cref="Variable"/> where any size fits; empty for a scalar and where <see cref="HasRank"/> is false.</summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>Whether the model fixes the number of dimensions.</summary>
    public bool HasRank { get; }

    /// <summary>Whether a request may leave it out: an input for which the model has a default.</summary>
    public bool IsOptional { get; init; }

    /// <summary>Whether a tensor of that shape fits.</summary>
    public bool Accepts(TensorShape shape)
    {
        if (!HasRank)
        {
            return true;
        }

        if (shape.Count != Shape.Length)
        {
            return false;
        }

        for (var index = 0; index < Shape.Length; index++)
        {
            if (Shape[index] != Variable && Shape[index] != shape[index])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Datatype and shape, such as <c>FP32[-1,3,224,224]</c>.</summary>
    public override string ToString() => $"{Datatype.WireName()}{(HasRank ? $"[{string.Join(',', Shape)}]" : "[...]")}";
}
