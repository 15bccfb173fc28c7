using System.Text;

namespace BlindAI.Attestation.Evidence;

/// <summary>Reads and writes the files of a kernel: in one piece, and without believing the length that they state.</summary>
internal static class DeviceFile
{
    /// <summary>Most bytes of a file that holds a word or a number: one page.</summary>
    private const int MaxTextLength = 4096;

    /// <summary>Reads a file to its end.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>: more than <paramref name="limit"/> bytes.</exception>
    /// <exception cref="IOException">The kernel refused; the number of its error is the HResult.</exception>
    public static byte[] Read(string path, int limit)
    {
        using var stream = Open(path, FileAccess.Read);
        var bytes = new byte[limit + 1];
        var length = 0;
        for (int read; length < bytes.Length && (read = ReadPart(stream, bytes.AsSpan(length))) > 0; length += read)
        {
        }

        return length <= limit ? bytes[..length] : throw DeviceFault.Unavailable($"{path} holds more than {limit} bytes.");
    }

    /// <summary>Writes a file that exists, with one call: the kernel takes what one call brings as one value.</summary>
    /// <exception cref="IOException">The kernel refused; the number of its error is the HResult.</exception>
    public static void Write(string path, ReadOnlySpan<byte> value)
    {
        using var stream = Open(path, FileAccess.Write);
        stream.Write(value);
    }

    /// <summary>Reads a word or number, without the line's end.</summary>
    public static string ReadText(string path) => Encoding.ASCII.GetString(Read(path, MaxTextLength)).Trim();

    // A buffer of 0 is none: each call is one of the kernel's.
    private static FileStream Open(string path, FileAccess access) => new(path, FileMode.Open, access, FileShare.ReadWrite, bufferSize: 0);

    private static int ReadPart(FileStream stream, Span<byte> into)
    {
        try
        {
            return stream.Read(into);
        }
        catch (ArgumentOutOfRangeException exception)
        {
            // What the runtime makes of EFBIG.
            throw new IOException(exception.Message, DeviceFault.FileTooLarge);
        }
    }
}
