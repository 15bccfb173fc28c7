using BlindAI.Protocol.Wire;

namespace BlindAI.OnnxWriter;

/// <summary>A dimension of an input or output: a size, or a name that stands for any size.</summary>
public readonly record struct OnnxDimension
{
    private OnnxDimension(long? size, string? symbol)
    {
        Size = size;
        Symbol = symbol;
    }

    /// <summary>The size; null when it is symbolic or unknown.</summary>
    public long? Size { get; }

    /// <summary>The name, such as <c>batch</c>.</summary>
    public string? Symbol { get; }

    /// <summary>A dimension of which nothing is known.</summary>
    public static OnnxDimension Unknown => default;

    public static implicit operator OnnxDimension(long size) => new(size, null);

    public static implicit operator OnnxDimension(string symbol) => new(null, symbol);

    // Source: onnx/onnx.proto, TensorShapeProto.Dimension.
    internal static void Write(ProtobufWriter writer, OnnxDimension dimension)
    {
        if (dimension.Size is { } size)
        {
            writer.WriteInt64(1, size);             // dim_value
        }
        else if (dimension.Symbol is { } symbol)
        {
            writer.WriteString(2, symbol);          // dim_param
        }
    }
}
