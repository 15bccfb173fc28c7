using BlindAI.Protocol.Wire;

namespace BlindAI.OnnxWriter;

/// <summary>The type of an input, an output or a value between nodes: a tensor, or one of the types that are none.</summary>
/// <remarks>Source: onnx/onnx.proto, TypeProto and its nested messages; field numbers stand beside their names.</remarks>
public sealed class OnnxTypeProto
{
    private readonly Action<ProtobufWriter> _write;

    private OnnxTypeProto(Action<ProtobufWriter> write) => _write = write;

    /// <summary>A tensor; no dimensions make it a scalar.</summary>
    public static OnnxTypeProto Tensor(OnnxType type, params ReadOnlySpan<OnnxDimension> dimensions)
    {
        var shape = dimensions.ToArray();
        return new(writer => writer.WriteMessage(1, (type, shape), WriteTensor));                       // tensor_type
    }

    /// <summary>A tensor of any number of dimensions.</summary>
    public static OnnxTypeProto TensorOfAnyRank(OnnxType type) =>
        new(writer => writer.WriteMessage(1, type, static (tensor, type) => tensor.WriteInt64(1, (int)type)));   // tensor_type { elem_type }

    public static OnnxTypeProto Sequence(OnnxTypeProto element) => new(writer => writer.WriteMessage(4, element, WriteElement));     // sequence_type

    public static OnnxTypeProto Map(OnnxType key, OnnxTypeProto value) => new(writer => writer.WriteMessage(5, (key, value), static (map, of) =>     // map_type
    {
        map.WriteInt64(1, (int)of.key);                                                                 // key_type
        map.WriteMessage(2, of.value, Write);                                                           // value_type
    }));

    public static OnnxTypeProto SparseTensor(OnnxType type, params ReadOnlySpan<OnnxDimension> dimensions)
    {
        var shape = dimensions.ToArray();
        return new(writer => writer.WriteMessage(8, (type, shape), WriteTensor));                       // sparse_tensor_type
    }

    public static OnnxTypeProto Optional(OnnxTypeProto element) => new(writer => writer.WriteMessage(9, element, WriteElement));     // optional_type

    /// <summary>No type at all: the runtime infers it.</summary>
    public static OnnxTypeProto Unstated { get; } = new(static _ => { });

    internal static void Write(ProtobufWriter writer, OnnxTypeProto type) => type._write(writer);

    private static void WriteElement(ProtobufWriter writer, OnnxTypeProto element) => writer.WriteMessage(1, element, Write);       // elem_type

    private static void WriteTensor(ProtobufWriter writer, (OnnxType Type, OnnxDimension[] Shape) tensor)
    {
        writer.WriteInt64(1, (int)tensor.Type);                                                         // elem_type
        writer.WriteMessage(2, tensor.Shape, static (shape, dimensions) =>                              // shape
        {
            foreach (var dimension in dimensions)
            {
                shape.WriteMessage(1, dimension, OnnxDimension.Write);                                  // dim
            }
        });
    }
}
