namespace BlindAI.Protocol.Tensors;

/// <summary>A tensor datatype of the Open Inference Protocol v2, with BF16 as Triton adds it.</summary>
/// <remarks>Source: Open Inference Protocol, "Tensor Data Types". Binary data is little-endian and row-major without padding.</remarks>
public enum TensorDatatype
{
    /// <summary>One byte, 0 or 1.</summary>
    Bool,

    /// <summary>Unsigned, one byte.</summary>
    UInt8,

    /// <summary>Unsigned, two bytes.</summary>
    UInt16,

    /// <summary>Unsigned, four bytes.</summary>
    UInt32,

    /// <summary>Unsigned, eight bytes.</summary>
    UInt64,

    /// <summary>Signed, one byte.</summary>
    Int8,

    /// <summary>Signed, two bytes.</summary>
    Int16,

    /// <summary>Signed, four bytes.</summary>
    Int32,

    /// <summary>Signed, eight bytes.</summary>
    Int64,

    /// <summary>IEEE 754 half precision; binary only.</summary>
    Fp16,

    /// <summary>Upper half of a single; binary only.</summary>
    Bf16,

    /// <summary>IEEE 754 single precision.</summary>
    Fp32,

    /// <summary>IEEE 754 double precision.</summary>
    Fp64,

    /// <summary>Byte strings, each with a 4-byte little-endian length before it.</summary>
    Bytes,
}
