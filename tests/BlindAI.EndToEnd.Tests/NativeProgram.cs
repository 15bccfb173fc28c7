using System.Security.Cryptography;
using System.Text;
using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>A program as it ships: a native binary, published once and kept as long as it is what the sources say.</summary>
/// <remarks>
/// Its folder is named by a digest over everything that the binary is made from: the contents of <c>src</c>, of its project and of the build's own files, the SDK's
/// version and the linker. A change of any of them is another folder, so a stale binary is never tested. Test processes that come together wait for
/// one publish behind a lock of the kernel, which a process that dies lets go; a folder appears under its name only when it is whole.
/// </remarks>
internal sealed class NativeProgram
{
    private readonly string _project;
    private readonly string _binary;
    private readonly Lazy<Task<string>> _published;

    private NativeProgram(string project, string binary)
    {
        (_project, _binary) = (project, binary);
        _published = new(PublishAsync);
    }

    /// <summary>The server.</summary>
    public static NativeProgram Server { get; } = new("src/BlindAI.Server", "blindai-server");

    /// <summary>The example that verifies captured evidence.</summary>
    public static NativeProgram VerifyEvidence { get; } = new("examples/VerifyEvidence", "VerifyEvidence");

    /// <summary>The binary's path. Skips, or fails in continuous integration, where no linker is.</summary>
    public Task<string> GetAsync()
    {
        Requirements.Require(Linker is not null, "A NativeAOT publish needs a linker: clang or gcc (Debian: clang).");
        Requirements.RequireProgram("flock", "util-linux");
        return _published.Value;
    }

    private static string? Linker => Requirements.Find("clang") ?? Requirements.Find("gcc");

    private async Task<string> PublishAsync()
    {
        var root = RepositoryRoot.Combine("artifacts", "native", _binary);
        Directory.CreateDirectory(root);
        var folder = Path.Combine(root, await KeyAsync());

        // No build process may outlive the publish: it would keep the streams open that are read to their end here.
        const string Script = """
            test -d "$1" && exit 0
            rm -rf "$1.partial"
            dotnet publish "$2" -c Release -r linux-x64 -o "$1.partial" -nodeReuse:false -p:UseSharedCompilation=false || exit 1
            find "$(dirname "$1")" -mindepth 1 -maxdepth 1 -type d ! -name "$(basename "$1").partial" -exec rm -rf {} +
            mv "$1.partial" "$1"
            """;
        var run = await ProgramRun.StartAsync("flock", ["--close", Path.Combine(root, "lock"), "sh", "-c", Script, "publish", folder, RepositoryRoot.Combine(_project)],
            environment: new Dictionary<string, string?> { ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1", ["MSBUILDDISABLENODEREUSE"] = "1" });
        Assert.True(run.ExitCode == 0, run.Output + run.Error);
        return Path.Combine(folder, _binary);
    }

    private async Task<string> KeyAsync()
    {
        var sources = Directory.EnumerateFiles(RepositoryRoot.Path).Where(file => Path.GetExtension(file) is ".props" or ".targets" or ".json" or ".config" || Path.GetFileName(file) == ".editorconfig")
            .Concat(new[] { "src", "eng", _project }.SelectMany(folder => Directory.EnumerateFiles(RepositoryRoot.Combine(folder), "*", SearchOption.AllDirectories)))
            .Distinct().Order(StringComparer.Ordinal);
        var manifest = new StringBuilder();
        foreach (var file in sources)
        {
            manifest.Append(Path.GetRelativePath(RepositoryRoot.Path, file)).Append(' ').Append(Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(file)))).Append('\n');
        }

        var sdk = await ProgramRun.StartAsync("dotnet", ["--version"], RepositoryRoot.Path);
        manifest.Append(sdk.Output.Trim()).Append('\n').Append(Linker).Append('\n').Append(RepositoryRoot.IsContinuousIntegration);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(manifest.ToString())))[..16];
    }
}
