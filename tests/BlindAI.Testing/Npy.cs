using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace BlindAI.Testing;

/// <summary>A .npy file as the shared material has them: format 1.0 or 2.0, little-endian, C order.</summary>
/// <param name="Type">NumPy's name of the element type, such as <c>&lt;f4</c>.</param>
/// <param name="Shape">The dimensions.</param>
/// <param name="Data">The elements' bytes.</param>
internal sealed partial record Npy(string Type, long[] Shape, byte[] Data)
{
    public static Npy Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var (start, length) = bytes[6] == 1 ? (10, BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(8))) : (12, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8)));
        var header = Header().Match(Encoding.ASCII.GetString(bytes, start, length));
        return header.Success
            ? new(header.Groups["type"].Value, [.. header.Groups["shape"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(text => long.Parse(text, CultureInfo.InvariantCulture))], bytes[(start + length)..])
            : throw new NotSupportedException($"{path} is no .npy file in C order.");
    }

    [GeneratedRegex(@"'descr': '(?<type>[^']+)'.*'fortran_order': False.*'shape': \((?<shape>[^)]*)\)")]
    private static partial Regex Header();
}
