using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>The module of <c>sdk/js</c>, built once for all tests.</summary>
internal static class JavaScriptModule
{
    // What npm says when it cannot reach its registry.
    private static readonly string[] Offline = ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "ERR_SOCKET_TIMEOUT"];

    private static readonly Lazy<Task<bool>> Built = new(BuildAsync);

    private static readonly Lazy<Task<bool>> IsNodeNewEnough = new(async () =>
        (await RunAsync("-e", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)")).ExitCode == 0);

    private static string Folder { get; } = RepositoryRoot.Combine("sdk", "js");

    /// <summary>Builds the module, where Node is there and its development packages are to be had.</summary>
    public static async Task RequireAsync()
    {
        Requirements.RequireProgram("node", "nodejs");
        Requirements.RequireProgram("npm", "npm");
        Requirements.Require(await IsNodeNewEnough.Value, "Node is older than 20: it has no global WebCrypto.");
        Requirements.Require(await Built.Value, "npm cannot fetch the development packages of sdk/js. hint: run 'npm ci' there while online.");
    }

    /// <summary>Runs a script of the module with Node.</summary>
    public static Task<ProgramRun> RunAsync(params string[] arguments) => ProgramRun.StartAsync("node", arguments, Folder);

    /// <summary>Runs a script of the package.</summary>
    public static Task<ProgramRun> NpmAsync(params string[] arguments) => ProgramRun.StartAsync("npm", arguments, Folder);

    private static async Task<bool> BuildAsync()
    {
        var installed = new FileInfo(Path.Combine(Folder, "node_modules", ".package-lock.json"));
        if (!installed.Exists || installed.LastWriteTimeUtc < File.GetLastWriteTimeUtc(Path.Combine(Folder, "package-lock.json")))
        {
            var install = await NpmAsync("ci", "--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000");
            if (install.ExitCode != 0 && Offline.Any(code => install.Error.Contains(code, StringComparison.Ordinal)))
            {
                return false;
            }

            Assert.True(install.ExitCode == 0, install.Error);
        }

        var build = await NpmAsync("run", "build");
        Assert.True(build.ExitCode == 0, build.Output + build.Error);
        return true;
    }
}
