using BlindAI.Protocol.Tensors;

namespace BlindAI.Inference.Engines;

/// <summary>The element types of ONNX: what fits the protocol, and how many bits each takes in raw data.</summary>
/// <remarks>Source: onnx/onnx.proto, TensorProto.DataType; ONNX Runtime numbers its own element types the same way.</remarks>
internal static class OnnxTypes
{
    /// <summary>No type is stated.</summary>
    public const int Undefined = 0;

    public const int String = 8;

    /// <summary>The protocol's datatype; null where it has none (complex numbers, 8-bit and smaller floats, 4-bit integers).</summary>
    public static TensorDatatype? Find(int onnxType) => onnxType switch
    {
        1 => TensorDatatype.Fp32,
        2 => TensorDatatype.UInt8,
        3 => TensorDatatype.Int8,
        4 => TensorDatatype.UInt16,
        5 => TensorDatatype.Int16,
        6 => TensorDatatype.Int32,
        7 => TensorDatatype.Int64,
        String => TensorDatatype.Bytes,
        9 => TensorDatatype.Bool,
        10 => TensorDatatype.Fp16,
        11 => TensorDatatype.Fp64,
        12 => TensorDatatype.UInt32,
        13 => TensorDatatype.UInt64,
        16 => TensorDatatype.Bf16,
        _ => null,
    };

    /// <summary>The number of a datatype in ONNX.</summary>
    public static int Number(TensorDatatype datatype) => datatype switch
    {
        TensorDatatype.Fp32 => 1,
        TensorDatatype.UInt8 => 2,
        TensorDatatype.Int8 => 3,
        TensorDatatype.UInt16 => 4,
        TensorDatatype.Int16 => 5,
        TensorDatatype.Int32 => 6,
        TensorDatatype.Int64 => 7,
        TensorDatatype.Bytes => String,
        TensorDatatype.Bool => 9,
        TensorDatatype.Fp16 => 10,
        TensorDatatype.Fp64 => 11,
        TensorDatatype.UInt32 => 12,
        TensorDatatype.UInt64 => 13,
        TensorDatatype.Bf16 => 16,
        _ => throw new ArgumentOutOfRangeException(nameof(datatype)),
    };

    /// <summary>Bits of an element in raw data; null for text, which has none, and for types this version does not know.</summary>
    public static int? Bits(int onnxType) => onnxType switch
    {
        2 or 3 or 9 => 8,                           // UINT8, INT8, BOOL
        4 or 5 or 10 or 16 => 16,                   // UINT16, INT16, FLOAT16, BFLOAT16
        1 or 6 or 12 => 32,                         // FLOAT, INT32, UINT32
        7 or 11 or 13 or 14 => 64,                  // INT64, DOUBLE, UINT64, COMPLEX64
        15 => 128,                                  // COMPLEX128
        17 or 18 or 19 or 20 or 24 => 8,            // FLOAT8E4M3FN, FLOAT8E4M3FNUZ, FLOAT8E5M2, FLOAT8E5M2FNUZ, FLOAT8E8M0
        21 or 22 or 23 => 4,                        // UINT4, INT4, FLOAT4E2M1
        25 or 26 => 2,                              // UINT2, INT2
        _ => null,
    };
}
