namespace BlindAI.Inference.Tests;

/// <summary>Real models with inputs and expected outputs, beside the repository or where BLINDAI_SHARED says.</summary>
internal static class SharedModels
{
    /// <summary>The folder; skips the test when it is absent, which continuous integration (CI=true) must not.</summary>
    public static string Folder
    {
        get
        {
            var folder = Path.Combine(Environment.GetEnvironmentVariable("BLINDAI_SHARED") ?? Path.Combine(RepositoryRoot(), "..", "shared"), "models");
            var exists = Directory.Exists(folder);
            if (Environment.GetEnvironmentVariable("CI") == "true")
            {
                Assert.True(exists, "The shared models are missing.");
            }

            Assert.SkipUnless(exists, "The shared models are missing: set BLINDAI_SHARED to their parent folder.");
            return folder;
        }
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "BlindAI.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside the repository.");
    }
}
