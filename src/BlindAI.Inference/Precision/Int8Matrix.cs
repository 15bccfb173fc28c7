using System.Runtime.InteropServices;

namespace BlindAI.Inference.Precision;

/// <summary>A matrix as 8-bit integers with one scale for each column: value = integer x scale. Symmetric, so that 0 stays 0.</summary>
/// <remarks>
/// A scale for each column, not for the whole: one large weight would take the resolution of all others. Integers are -127 to 127; rounding is to the nearest,
/// ties to even. They are written straight into the model, since a second copy of all weights would be as large as the form itself.
/// </remarks>
internal sealed class Int8Matrix
{
    /// <summary>Most rows of the product's second operand: as many products of 255 and 127 fit the 32 bits that sum them.</summary>
    public const int MaxRows = 1 << 16;

    private const float MinNormal = 1.17549435e-38f;

    private readonly FloatMatrix _source;
    private readonly float[] _scales;

    private Int8Matrix(FloatMatrix source, float[] scales)
    {
        (_source, _scales) = (source, scales);
    }

    /// <summary>Rows of the product's second operand.</summary>
    public int Rows => _source.IsTransposed ? _source.Columns : _source.Rows;

    /// <summary>Its columns.</summary>
    public int Columns => _scales.Length;

    /// <summary>Bytes of the integers.</summary>
    public int Length => Rows * Columns;

    /// <summary>The little-endian scales, the product's factor included.</summary>
    public byte[] Scales
    {
        get
        {
            var scales = Array.ConvertAll(_scales, scale => scale * _source.Alpha);
            return MemoryMarshal.AsBytes(scales.AsSpan()).ToArray();
        }
    }

    /// <summary>Finds the scales; null for a matrix of too many rows, or one that holds something else than numbers.</summary>
    public static Int8Matrix? TryMake(FloatMatrix source)
    {
        if ((source.IsTransposed ? source.Columns : source.Rows) > MaxRows)
        {
            return null;
        }

        var scales = new float[source.IsTransposed ? source.Rows : source.Columns];
        var values = source.Values;
        for (var row = 0; row < source.Rows; row++)
        {
            var line = values.Slice(row * source.Columns, source.Columns);
            for (var column = 0; column < line.Length; column++)
            {
                var magnitude = MathF.Abs(line[column]);
                ref var most = ref scales[source.IsTransposed ? row : column];
                most = magnitude <= most ? most : magnitude;                    // NaN is not <=, and stays
                if (!float.IsFinite(most))
                {
                    return null;
                }
            }
        }

        for (var column = 0; column < scales.Length; column++)
        {
            // A column of zeros, or of numbers so small that their scale would not be a normal one: zeros.
            var scale = scales[column] / 127;
            scales[column] = scale >= MinNormal ? scale : 1;
            if (!float.IsFinite(scales[column] * source.Alpha))
            {
                return null;
            }
        }

        return new(source, scales);
    }

    /// <summary>Writes the integers, row by row.</summary>
    public void Write(Span<byte> destination)
    {
        var values = _source.Values;
        var integers = MemoryMarshal.Cast<byte, sbyte>(destination);
        for (var row = 0; row < Rows; row++)
        {
            for (var column = 0; column < Columns; column++)
            {
                var value = values[_source.IsTransposed ? (column * Rows) + row : (row * Columns) + column];
                integers[(row * Columns) + column] = (sbyte)Math.Clamp(MathF.Round(value / _scales[column]), -127, 127);
            }
        }
    }
}
