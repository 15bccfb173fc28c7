namespace BlindAI.OnnxWriter;

/// <summary>The element type of a tensor.</summary>
/// <remarks>Source: onnx/onnx.proto, TensorProto.DataType.</remarks>
public enum OnnxType
{
    /// <summary>No type: for models that are meant to be refused.</summary>
    Undefined = 0,
    Float = 1,
    UInt8 = 2,
    Int8 = 3,
    UInt16 = 4,
    Int16 = 5,
    Int32 = 6,
    Int64 = 7,
    String = 8,
    Bool = 9,
    Float16 = 10,
    Double = 11,
    UInt32 = 12,
    UInt64 = 13,
    Complex64 = 14,
    Complex128 = 15,
    BFloat16 = 16,
}
