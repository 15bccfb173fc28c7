using BlindAI.Protocol.Tensors;

namespace BlindAI.Cli.Tensors;

/// <summary>Writes outputs as .npy files. Their names come from a model, so they are made safe: no name leaves the folder.</summary>
internal sealed class OutputFolder
{
    private const int MaxNameLength = 100;

    private readonly string _path;

    private readonly bool _force;

    private readonly HashSet<string> _taken = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Makes the folder where it does not exist.</summary>
    /// <exception cref="UsageException">It cannot be made.</exception>
    public OutputFolder(string path, bool force)
    {
        _path = path;
        _force = force;
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The folder {path} cannot be made.", "check the path and its permissions.");
        }
    }

    /// <summary>Writes one output and answers the file's path.</summary>
    /// <exception cref="UsageException">The file exists or cannot be written.</exception>
    public string Write(NamedTensor output)
    {
        var name = SafeName(output.Name);
        for (var number = 2; !_taken.Add(name); number++)
        {
            name = $"{SafeName(output.Name)}-{number}";
        }

        var file = Path.Combine(_path, name + ".npy");
        LocalFile.Write(file, NpyFile.Encode(output.Tensor), _force);
        return file;
    }

    /// <summary>Letters, digits, '_', '-' and '.' stay, everything else becomes '_'; the name never begins with '.'.</summary>
    internal static string SafeName(string name)
    {
        var safe = string.Concat(name.Take(MaxNameLength).Select(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-' or '.' ? character : '_'));
        return safe is "" or ['.', ..] ? "_" + safe : safe;
    }
}
