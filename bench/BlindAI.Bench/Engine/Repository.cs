namespace BlindAI.Bench.Engine;

/// <summary>The folder that this program was built in.</summary>
internal static class Repository
{
    private static readonly string Root = Find();

    public static string Path(params ReadOnlySpan<string> parts) => System.IO.Path.Combine([Root, .. parts]);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "BlindAI.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The bench runs where it was built: below the folder of BlindAI.slnx.");
    }
}
