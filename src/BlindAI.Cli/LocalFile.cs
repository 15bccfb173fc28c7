using BlindAI.Protocol.Models;

namespace BlindAI.Cli;

/// <summary>Reads and writes the files that arguments name, with limits, and never over an existing one unasked.</summary>
internal static class LocalFile
{
    /// <summary>Reads a whole file of at most <paramref name="limit"/> bytes.</summary>
    /// <exception cref="UsageException">It does not exist, cannot be read or is larger.</exception>
    public static byte[] Read(string path, int limit)
    {
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length > limit)
            {
                throw new UsageException($"The file {path} has {file.Length} bytes; the most is {limit}.");
            }

            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The file {path} cannot be read.", "check the path and its permissions.");
        }
    }

    /// <summary>Lists a model's file or folder.</summary>
    /// <exception cref="UsageException">Nothing is there.</exception>
    /// <exception cref="Protocol.ServingException">What is there is no valid bundle.</exception>
    public static ModelFolder OpenModel(string path) => Path.Exists(path)
        ? ModelFolder.Open(path)
        : throw new UsageException($"The model's file or folder {path} does not exist.", "check the path.");

    /// <summary>Refuses early, before any work, what <see cref="Write"/> would refuse.</summary>
    /// <exception cref="UsageException">The file exists and <paramref name="force"/> is not set.</exception>
    public static void RequireAbsent(string? path, bool force)
    {
        if (!force && Path.Exists(path))
        {
            throw Exists(path!);
        }
    }

    /// <summary>Writes a file.</summary>
    /// <exception cref="UsageException">It exists and <paramref name="force"/> is not set, or it cannot be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> bytes, bool force)
    {
        try
        {
            using var file = new FileStream(path, force ? FileMode.Create : FileMode.CreateNew, FileAccess.Write);
            file.Write(bytes);
        }
        catch (IOException) when (!force && Path.Exists(path))
        {
            throw Exists(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The file {path} cannot be written.", "check that its folder exists and may be written to.");
        }
    }

    private static UsageException Exists(string path) => new($"The file {path} exists.", "name another file, or pass --force to replace it.");
}
