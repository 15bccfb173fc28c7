using System.Runtime.InteropServices;

namespace BlindAI.Inference.Precision;

/// <summary>A constant matrix, or a stack of them, that may become integers, and how its graph uses it.</summary>
/// <remarks>A matrix that is used in more than one way stays as it is.</remarks>
internal sealed class FloatMatrix
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private bool? _isTransposed;
    private float _alpha;

    /// <summary>A matrix in row-major order, as the file has it; more than two dimensions make it a stack of matrices.</summary>
    public FloatMatrix(long[] dimensions, ReadOnlyMemory<byte> bytes, long externalBytes)
    {
        (Dimensions, _bytes, ExternalBytes) = (dimensions, bytes, externalBytes);
        (Rows, Columns) = ((int)dimensions[^2], (int)dimensions[^1]);
        Count = bytes.Length / sizeof(float) / Rows / Columns;
    }

    /// <summary>The dimensions in the file: two or more.</summary>
    public IReadOnlyList<long> Dimensions { get; }

    /// <summary>Matrices in the stack; 1 for a matrix.</summary>
    public int Count { get; }

    /// <summary>Rows of each in the file.</summary>
    public int Rows { get; }

    /// <summary>Columns of each in the file.</summary>
    public int Columns { get; }

    /// <summary>Bytes of it in another file of the bundle.</summary>
    public long ExternalBytes { get; }

    /// <summary>The values.</summary>
    public ReadOnlySpan<float> Values => MemoryMarshal.Cast<byte, float>(_bytes.Span);

    /// <summary>Whether a use was seen, and none that forbids it to change.</summary>
    public bool IsUsable => _isTransposed is not null && !IsFixed;

    /// <summary>Whether it must stay.</summary>
    public bool IsFixed { get; private set; }

    /// <summary>Whether the product is with its transpose.</summary>
    public bool IsTransposed => _isTransposed is true;

    /// <summary>What the product is multiplied with.</summary>
    public float Alpha => _alpha;

    /// <summary>Notes a product with it.</summary>
    public void Use(bool isTransposed, float alpha)
    {
        IsFixed |= isTransposed && Dimensions.Count > 2;
        IsFixed |= _isTransposed is { } earlier && (earlier != isTransposed || _alpha != alpha);
        (_isTransposed, _alpha) = (isTransposed, alpha);
    }

    /// <summary>Notes any other use.</summary>
    public void Fix() => IsFixed = true;
}
