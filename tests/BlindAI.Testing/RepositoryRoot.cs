namespace BlindAI.Testing;

/// <summary>The folders that tests read: the repository, and shared material beside it.</summary>
public static class RepositoryRoot
{
    /// <summary>The repository.</summary>
    public static string Path { get; } = Find();

    /// <summary>Real models with inputs and expected outputs: <c>models/</c> of the shared material; null when it is not there.</summary>
    /// <remarks>The shared material is where <c>BLINDAI_SHARED</c> says, seen from the repository, or in <c>../shared</c>.</remarks>
    public static string? SharedModels { get; } = FindShared("models");

    /// <summary>Real captured attestation evidence: <c>vectors/</c> of the shared material; null when it is not there.</summary>
    public static string? SharedVectors { get; } = FindShared("vectors");

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

    private static string? FindShared(string name)
    {
        var shared = Environment.GetEnvironmentVariable("BLINDAI_SHARED") is { Length: > 0 } named ? named : "../shared";
        var folder = System.IO.Path.Combine(System.IO.Path.GetFullPath(shared, Path), name);
        return Directory.Exists(folder) ? folder : null;
    }
}
