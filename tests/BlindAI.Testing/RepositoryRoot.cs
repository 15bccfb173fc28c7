namespace BlindAI.Testing;

/// <summary>The folders that tests read: the repository, and the shared material beside it.</summary>
public static class RepositoryRoot
{
    /// <summary>The repository.</summary>
    public static string Path { get; } = Find();

    /// <summary>The shared material, from <c>BLINDAI_SHARED</c> or <c>../shared</c>; null when it is not there.</summary>
    public static string? Shared { get; } = FindShared();

    /// <summary>Whether absent material is a failure: in continuous integration nothing may be skipped for it.</summary>
    public static bool IsContinuousIntegration => Environment.GetEnvironmentVariable("CI") == "true";

    /// <summary>A path inside the repository.</summary>
    public static string Combine(params ReadOnlySpan<string> parts) => System.IO.Path.Combine([Path, .. parts]);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "BlindAI.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The tests do not run inside the repository.");
    }

    private static string? FindShared()
    {
        var folder = Environment.GetEnvironmentVariable("BLINDAI_SHARED") is { Length: > 0 } named
            ? System.IO.Path.GetFullPath(named, Path)
            : System.IO.Path.GetFullPath("../shared", Path);
        return Directory.Exists(folder) ? folder : null;
    }
}
