using System.Globalization;
using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>The module of <c>sdk/js</c>, built once for all tests.</summary>
internal static class JavaScriptModule
{
    // The oldest that has all that the module uses: Debian 12's.
    private const int MinNodeVersion = 18;

    // From here on WebCrypto needs no switch.
    private const int WebCryptoNodeVersion = 20;

    private static readonly Lazy<Task<int>> NodeVersion = new(async () =>
        int.Parse((await ProgramRun.StartAsync("node", ["-p", "parseInt(process.versions.node)"])).Output, CultureInfo.InvariantCulture));

    private static readonly Lazy<Task<ProgramRun>> Build = new(() => NpmAsync("run", "build"));

    private static string Folder { get; } = RepositoryRoot.Combine("sdk", "js");

    /// <summary>Builds the module, where Node and its development packages are there.</summary>
    public static async Task RequireAsync()
    {
        Requirements.RequireProgram("node", "nodejs");
        Requirements.RequireProgram("npm", "npm");
        Requirements.Require(await NodeVersion.Value >= MinNodeVersion, $"Node is older than {MinNodeVersion}.");
        Requirements.Require(AreInstalled(), "The development packages of sdk/js are missing. hint: run eng/setup, or 'npm ci' there, while online.");
        var build = await Build.Value;
        Assert.True(build.ExitCode == 0, build.Output + build.Error);
    }

    /// <summary>Runs a script of the module with Node.</summary>
    public static async Task<ProgramRun> RunAsync(params string[] arguments) => await ProgramRun.StartAsync("node", arguments, Folder, await EnvironmentAsync());

    /// <summary>Runs a script of the package.</summary>
    public static async Task<ProgramRun> NpmAsync(params string[] arguments) => await ProgramRun.StartAsync("npm", arguments, Folder, await EnvironmentAsync());

    private static bool AreInstalled()
    {
        var installed = new FileInfo(Path.Combine(Folder, "node_modules", ".package-lock.json"));
        return installed.Exists && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(Folder, "package-lock.json"));
    }

    private static async Task<Dictionary<string, string?>> EnvironmentAsync() =>
        await NodeVersion.Value < WebCryptoNodeVersion ? new() { ["NODE_OPTIONS"] = "--experimental-global-webcrypto" } : [];
}
