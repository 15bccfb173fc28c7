using System.Buffers.Text;
using System.Text;
using BlindAI.Protocol;

namespace BlindAI.Inference.Models;

/// <summary>What PAX records change about an entry: its path and its size. Everything else they say (times, owners) is passed over.</summary>
/// <remarks>Source: IEEE Std 1003.1, pax, "pax Extended Header": records of <c>length key=value\n</c>, the length counting itself.</remarks>
internal readonly record struct PaxRecords(string? Path, long? Size)
{
    /// <exception cref="ServingException"><see cref="ServingCode.BundleInvalid"/>: malformed, a record twice, or a link or sparse file.</exception>
    public static PaxRecords Parse(ReadOnlySpan<byte> bytes)
    {
        string? path = null;
        long? size = null;
        while (!bytes.IsEmpty)
        {
            if (!Utf8Parser.TryParse(bytes, out int length, out var digits) || length > bytes.Length || length < digits + 2
                || bytes[digits] != ' ' || bytes[length - 1] != '\n')
            {
                throw Malformed();
            }

            var record = bytes[(digits + 1)..(length - 1)];
            var equals = record.IndexOf((byte)'=');
            if (equals < 1)
            {
                throw Malformed();
            }

            var value = record[(equals + 1)..];
            switch (Encoding.Latin1.GetString(record[..equals]))
            {
                case "path" when path is null:
                    path = Encoding.Latin1.GetString(value);
                    break;
                case "size" when size is null && Utf8Parser.TryParse(value, out long stated, out var used) && used == value.Length && stated >= 0:
                    size = stated;
                    break;
                case "path" or "size":
                    throw Malformed();
                case "linkpath":
                    throw new ServingException(ServingCode.BundleInvalid, "The archive holds a link.", "put the file itself in its place (tar --dereference).");
                case var sparse when sparse.StartsWith("GNU.sparse", StringComparison.Ordinal):
                    throw new ServingException(ServingCode.BundleInvalid, "The archive holds a sparse file.", "archive without --sparse.");
            }

            bytes = bytes[length..];
        }

        return new(path, size);
    }

    private static ServingException Malformed() =>
        new(ServingCode.BundleInvalid, "The archive is damaged: a PAX record is malformed or doubled.");
}
