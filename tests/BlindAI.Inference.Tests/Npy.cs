using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Inference.Tests;

/// <summary>Reads a .npy file (format 1.0 or 2.0, little-endian, C order).</summary>
internal static partial class Npy
{
    public static Tensor Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var headerStart = bytes[6] == 1 ? 10 : 12;
        var headerLength = bytes[6] == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(8)) : BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8));
        var header = Header().Match(Encoding.ASCII.GetString(bytes, headerStart, headerLength));
        var datatype = header.Groups["type"].Value switch
        {
            "<f4" => TensorDatatype.Fp32,
            "<f8" => TensorDatatype.Fp64,
            "<i8" => TensorDatatype.Int64,
            "<i4" => TensorDatatype.Int32,
            var other => throw new NotSupportedException(other),
        };
        var shape = header.Groups["shape"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(long.Parse).ToArray();
        return new Tensor(datatype, new TensorShape(shape), bytes.AsMemory(headerStart + headerLength));
    }

    [GeneratedRegex(@"'descr': '(?<type>[^']+)'.*'fortran_order': False.*'shape': \((?<shape>[^)]*)\)")]
    private static partial Regex Header();
}
