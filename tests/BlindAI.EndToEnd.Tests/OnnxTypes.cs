using BlindAI.OnnxWriter;
using BlindAI.Protocol.Tensors;

namespace BlindAI.EndToEnd.Tests;

/// <summary>The datatypes as ONNX names them.</summary>
internal static class OnnxTypes
{
    public static OnnxType Of(TensorDatatype datatype) => datatype switch
    {
        TensorDatatype.Bool => OnnxType.Bool,
        TensorDatatype.UInt8 => OnnxType.UInt8,
        TensorDatatype.UInt16 => OnnxType.UInt16,
        TensorDatatype.UInt32 => OnnxType.UInt32,
        TensorDatatype.UInt64 => OnnxType.UInt64,
        TensorDatatype.Int8 => OnnxType.Int8,
        TensorDatatype.Int16 => OnnxType.Int16,
        TensorDatatype.Int32 => OnnxType.Int32,
        TensorDatatype.Int64 => OnnxType.Int64,
        TensorDatatype.Fp16 => OnnxType.Float16,
        TensorDatatype.Bf16 => OnnxType.BFloat16,
        TensorDatatype.Fp32 => OnnxType.Float,
        TensorDatatype.Fp64 => OnnxType.Double,
        _ => OnnxType.String,
    };
}
