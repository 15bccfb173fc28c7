using System.Numerics.Tensors;
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

    private const int ChunkLength = 4096;

    private const float MinNormal = 1.17549435e-38f;

    private readonly FloatMatrix _source;
    private readonly float[] _scales;

    private Int8Matrix(FloatMatrix source, float[] scales)
    {
        (_source, _scales) = (source, scales);
    }

    /// <summary>The dimensions of the product's second operand.</summary>
    public long[] Dimensions => _source.IsTransposed ? [_source.Columns, _source.Rows] : [.. _source.Dimensions];

    /// <summary>The dimensions of the scales, which suit those of the product: columns, or as many for each matrix of a stack.</summary>
    public long[] ScaleDimensions => _source.Dimensions.Count == 2 ? [_scales.Length] : [.. _source.Dimensions.SkipLast(2), 1, _source.Columns];

    /// <summary>Bytes of the integers.</summary>
    public int Length => _source.Values.Length;

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

        var scales = new float[source.IsTransposed ? source.Rows : source.Count * source.Columns];
        var buffer = new float[Math.Min(source.Columns, ChunkLength)];
        for (var row = 0; row < source.Count * source.Rows; row++)
        {
            for (var column = 0; column < source.Columns; column += buffer.Length)
            {
                var line = buffer.AsSpan(0, Math.Min(buffer.Length, source.Columns - column));
                TensorPrimitives.Abs(Line(source, row, column, line.Length), line);
                if (source.IsTransposed)
                {
                    scales[row] = MathF.Max(scales[row], TensorPrimitives.Max<float>(line));
                }
                else
                {
                    var most = scales.AsSpan(FirstScale(source, row) + column, line.Length);
                    TensorPrimitives.Max(most, line, most);                     // what is no number stays none
                }
            }
        }

        for (var column = 0; column < scales.Length; column++)
        {
            if (!float.IsFinite(scales[column]))
            {
                return null;
            }

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

    /// <summary>Writes the integers, row by row of the product's second operand.</summary>
    public void Write(Span<byte> destination)
    {
        var written = MemoryMarshal.Cast<byte, sbyte>(destination);
        var buffer = new float[Math.Min(_source.Columns, ChunkLength)];
        Span<sbyte> integers = new sbyte[buffer.Length];
        for (var row = 0; row < _source.Count * _source.Rows; row++)
        {
            for (var column = 0; column < _source.Columns; column += buffer.Length)
            {
                var line = buffer.AsSpan(0, Math.Min(buffer.Length, _source.Columns - column));
                var values = Line(_source, row, column, line.Length);
                if (_source.IsTransposed)
                {
                    TensorPrimitives.Divide(values, _scales[row], line);
                }
                else
                {
                    TensorPrimitives.Divide(values, _scales.AsSpan(FirstScale(_source, row) + column, line.Length), line);
                }

                TensorPrimitives.Round<float>(line, line);
                TensorPrimitives.ConvertSaturating<float, sbyte>(line, integers);
                if (!_source.IsTransposed)
                {
                    integers[..line.Length].CopyTo(written[((row * _source.Columns) + column)..]);
                    continue;
                }

                for (var index = 0; index < line.Length; index++)
                {
                    written[((column + index) * _source.Rows) + row] = integers[index];
                }
            }
        }
    }

    private static ReadOnlySpan<float> Line(FloatMatrix source, int row, int column, int length) => source.Values.Slice((row * source.Columns) + column, length);

    private static int FirstScale(FloatMatrix source, int row) => row / source.Rows * source.Columns;
}
