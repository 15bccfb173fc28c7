using System.Text;
using BlindAI.Protocol;

namespace BlindAI.Inference.Models;

/// <summary>A header block of a tar archive: parsed, not yet believed.</summary>
/// <remarks>Source: IEEE Std 1003.1, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format". 512 bytes.</remarks>
internal readonly record struct TarHeader(string Path, long Size, TarEntryKind Kind)
{
    /// <summary>Bytes of a block; contents are padded to whole blocks.</summary>
    public const int BlockLength = 512;

    private const int NameLength = 100;
    private const int SizeOffset = 124;
    private const int SizeLength = 12;
    private const int ChecksumOffset = 148;
    private const int ChecksumLength = 8;
    private const int KindOffset = 156;
    private const int MagicOffset = 257;
    private const int PrefixOffset = 345;
    private const int PrefixLength = 155;

    /// <exception cref="ServingException"><see cref="ServingCode.BundleInvalid"/>: no header, or an entry that no bundle holds.</exception>
    public static TarHeader Parse(ReadOnlySpan<byte> block)
    {
        if (ReadOctal(block.Slice(ChecksumOffset, ChecksumLength)) != Checksum(block))
        {
            throw new ServingException(ServingCode.BundleInvalid, "The archive is not a tar archive, or is damaged: a header's checksum is wrong.");
        }

        var path = ReadText(block[..NameLength]);

        // GNU archives ("ustar" and a space) keep times where POSIX ones keep the first part of a long path.
        if (block.Slice(MagicOffset, 6).SequenceEqual("ustar\0"u8) && ReadText(block.Slice(PrefixOffset, PrefixLength)) is { Length: > 0 } prefix)
        {
            path = $"{prefix}/{path}";
        }

        return new(path, ReadOctal(block.Slice(SizeOffset, SizeLength)), ReadKind(block[KindOffset]));
    }

    private static TarEntryKind ReadKind(byte kind) => kind switch
    {
        (byte)'0' or 0 => TarEntryKind.File,
        (byte)'5' => TarEntryKind.Folder,
        (byte)'x' => TarEntryKind.Attributes,
        (byte)'g' => TarEntryKind.GlobalAttributes,
        (byte)'L' => TarEntryKind.LongPath,
        (byte)'1' or (byte)'2' or (byte)'K' =>
            throw new ServingException(ServingCode.BundleInvalid, "The archive holds a link.", "put the file itself in its place (tar --dereference)."),
        _ => throw new ServingException(ServingCode.BundleInvalid, "The archive holds an entry that is neither a regular file nor a folder."),
    };

    // Digits, after spaces and before NULs or spaces. The base-256 form is for sizes that no bundle reaches.
    private static long ReadOctal(ReadOnlySpan<byte> field)
    {
        var digits = field.Trim(" \0"u8);
        var value = 0L;
        foreach (var digit in digits)
        {
            value = digit is >= (byte)'0' and <= (byte)'7'
                ? (value * 8) + (digit - '0')
                : throw new ServingException(ServingCode.BundleInvalid, "The archive is damaged: a number in a header is not octal.");
        }

        return value;
    }

    private static long Checksum(ReadOnlySpan<byte> block)
    {
        var sum = ' ' * (long)ChecksumLength;
        for (var index = 0; index < BlockLength; index++)
        {
            sum += index is >= ChecksumOffset and < ChecksumOffset + ChecksumLength ? 0 : block[index];
        }

        return sum;
    }

    // Latin-1 keeps every byte apart; what is not a valid path is refused with the path's own rule.
    private static string ReadText(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? field : field[..end]);
    }
}
