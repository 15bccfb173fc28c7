using System.Collections.Frozen;

namespace BlindAI.Protocol.Tensors;

/// <summary>What is fixed about each <see cref="TensorDatatype"/>: its wire name and its size.</summary>
public static class TensorDatatypes
{
    private static readonly FrozenDictionary<string, TensorDatatype> ByName = Enum.GetValues<TensorDatatype>()
        .ToFrozenDictionary(WireName, StringComparer.Ordinal);

    /// <summary>The protocol's spelling, such as <c>FP32</c>.</summary>
    public static string WireName(this TensorDatatype datatype) => datatype switch
    {
        TensorDatatype.Bool => "BOOL",
        TensorDatatype.UInt8 => "UINT8",
        TensorDatatype.UInt16 => "UINT16",
        TensorDatatype.UInt32 => "UINT32",
        TensorDatatype.UInt64 => "UINT64",
        TensorDatatype.Int8 => "INT8",
        TensorDatatype.Int16 => "INT16",
        TensorDatatype.Int32 => "INT32",
        TensorDatatype.Int64 => "INT64",
        TensorDatatype.Fp16 => "FP16",
        TensorDatatype.Bf16 => "BF16",
        TensorDatatype.Fp32 => "FP32",
        TensorDatatype.Fp64 => "FP64",
        TensorDatatype.Bytes => "BYTES",
        _ => throw new ArgumentOutOfRangeException(nameof(datatype)),
    };

    /// <summary>Bytes of one element; null for <see cref="TensorDatatype.Bytes"/>, whose elements vary.</summary>
    public static int? ElementSize(this TensorDatatype datatype) => datatype switch
    {
        TensorDatatype.Bool or TensorDatatype.UInt8 or TensorDatatype.Int8 => 1,
        TensorDatatype.UInt16 or TensorDatatype.Int16 or TensorDatatype.Fp16 or TensorDatatype.Bf16 => 2,
        TensorDatatype.UInt32 or TensorDatatype.Int32 or TensorDatatype.Fp32 => 4,
        TensorDatatype.UInt64 or TensorDatatype.Int64 or TensorDatatype.Fp64 => 8,
        TensorDatatype.Bytes => null,
        _ => throw new ArgumentOutOfRangeException(nameof(datatype)),
    };

    /// <summary>Finds a datatype by its wire name; null when there is none.</summary>
    public static TensorDatatype? Find(string wireName) => ByName.TryGetValue(wireName, out var datatype) ? datatype : null;
}
