using System.Collections;

namespace BlindAI.Protocol.Tensors;

/// <summary>A concrete tensor shape: dimensions of 0 or more, whose product is known not to overflow.</summary>
public sealed class TensorShape : IReadOnlyList<long>, IEquatable<TensorShape>
{
    /// <summary>Most dimensions of a tensor.</summary>
    public const int MaxRank = 16;

    private readonly long[] _dimensions;

    /// <summary>Makes a shape; an empty list is a scalar.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ShapeInvalid"/>: more than 16 dimensions, a negative one, or a product over 2^63 - 1.</exception>
    public TensorShape(params ReadOnlySpan<long> dimensions)
    {
        if (dimensions.Length > MaxRank)
        {
            throw new ServingException(ServingCode.ShapeInvalid, $"A shape has {dimensions.Length} dimensions; the most is {MaxRank}.");
        }

        // Every partial product is checked, zeros or not: [2^40, 2^40, 0] is as hostile as [2^40, 2^40, 1].
        long count = 1;
        var hasZero = false;
        foreach (var dimension in dimensions)
        {
            if (dimension < 0)
            {
                throw new ServingException(ServingCode.ShapeInvalid, "A shape has a negative dimension.", "a request states every dimension; only metadata uses -1.");
            }

            hasZero |= dimension == 0;
            var factor = Math.Max(dimension, 1);
            if (count > long.MaxValue / factor)
            {
                throw new ServingException(ServingCode.ShapeInvalid, "The number of elements of a shape overflows.");
            }

            count *= factor;
        }

        _dimensions = dimensions.ToArray();
        ElementCount = hasZero ? 0 : count;
    }

    /// <summary>The number of elements: the product of the dimensions, 1 for a scalar.</summary>
    public long ElementCount { get; }

    /// <inheritdoc/>
    public int Count => _dimensions.Length;

    /// <inheritdoc/>
    public long this[int index] => _dimensions[index];

    /// <summary>The dimensions, in order.</summary>
    public ReadOnlySpan<long> Dimensions => _dimensions;

    /// <summary>Bytes that a tensor of this shape takes.</summary>
    /// <exception cref="ServingException"><see cref="ServingCode.ShapeInvalid"/>: over 2^63 - 1.</exception>
    public long ByteCount(int elementSize) => ElementCount <= long.MaxValue / elementSize
        ? ElementCount * elementSize
        : throw new ServingException(ServingCode.ShapeInvalid, "The number of bytes of a tensor overflows.");

    /// <inheritdoc/>
    public IEnumerator<long> GetEnumerator() => ((IEnumerable<long>)_dimensions).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _dimensions.GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(TensorShape? other) => other is not null && Dimensions.SequenceEqual(other.Dimensions);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TensorShape);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var dimension in _dimensions)
        {
            hash.Add(dimension);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(',', _dimensions)}]";
}
