using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using BlindAI.Protocol.Tensors;

namespace BlindAI.Testing;

/// <summary>Reads .npy files as the shared material has them: format 1.0 or 2.0, little-endian, C order.</summary>
public static partial class Npy
{
    public static Tensor Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var (start, length) = bytes[6] == 1 ? (10, BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(8))) : (12, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8)));
        var header = Header().Match(Encoding.ASCII.GetString(bytes, start, length));
        var datatype = header.Groups["type"].Value switch
        {
            "|b1" => TensorDatatype.Bool,
            "|u1" => TensorDatatype.UInt8,
            "|i1" => TensorDatatype.Int8,
            "<i4" => TensorDatatype.Int32,
            "<i8" => TensorDatatype.Int64,
            "<f4" => TensorDatatype.Fp32,
            "<f8" => TensorDatatype.Fp64,
            _ => throw new NotSupportedException($"{path} is no .npy file in C order, or of another element type."),
        };
        var shape = header.Groups["shape"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(text => long.Parse(text, CultureInfo.InvariantCulture));
        return new(datatype, new TensorShape([.. shape]), bytes.AsMemory(start + length));
    }

    [GeneratedRegex(@"'descr': '(?<type>[^']+)'.*'fortran_order': False.*'shape': \((?<shape>[^)]*)\)")]
    private static partial Regex Header();
}
