using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BlindAI.Protocol.Models;
using BlindAI.Testing;

namespace BlindAI.Protocol.Tests.Models;

/// <summary>The cases of vectors/model-digest, by our code and by the shell recipe of docs/model-digest.md.</summary>
public sealed partial class ModelDigestVectorTests
{
    private static readonly string Folder = RepositoryRoot.Combine("vectors", "model-digest");

    public static TheoryData<string> Cases => [.. Names(_ => true)];

    public static TheoryData<string> GoodCases => [.. Names(vector => vector.Digest is not null)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Cases_AreAllThere() => Assert.True(Cases.Count >= 14, "Vectors are missing.");

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task ComputeManifestAsync_Vector_GivesWhatItSays(string name)
    {
        var vector = Vector.Read(name);
        if (vector.Code is { } code)
        {
            Assert.Equal((ServingCode)code, Assert.Throws<ServingException>(() => ModelFolder.Open(vector.Path)).Code);
            return;
        }

        var manifest = await ModelFolder.Open(vector.Path).ComputeManifestAsync(cancellationToken: Token);

        Assert.Equal(vector.Manifest, Encoding.ASCII.GetString(manifest.Encode()));
        Assert.Equal(vector.Digest, manifest.Digest.Value);
    }

    [Theory]
    [MemberData(nameof(GoodCases))]
    public async Task Recipe_Vector_GivesTheSameDigest(string name)
    {
        var vector = Vector.Read(name);

        Assert.Equal(vector.Digest, await RunRecipeAsync(vector.Path));
    }

    private static IEnumerable<string> Names(Func<Vector, bool> matches) => Directory.GetDirectories(Folder)
        .Select(path => Path.GetFileName(path)).Where(name => matches(Vector.Read(name))).Order(StringComparer.Ordinal);

    private static async Task<string> RunRecipeAsync(string path)
    {
        var document = await File.ReadAllTextAsync(RepositoryRoot.Combine("docs", "model-digest.md"), Token);
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "-euc", FirstShellBlock().Match(document).Groups["code"].Value + "\nmodel_digest \"$1\"", "bash", path })
        {
            start.ArgumentList.Add(argument);
        }

        using var bash = Process.Start(start)!;
        var output = await bash.StandardOutput.ReadToEndAsync(Token);
        var error = await bash.StandardError.ReadToEndAsync(Token);
        await bash.WaitForExitAsync(Token);
        Assert.True(bash.ExitCode == 0, error);
        return output.Trim();
    }

    [GeneratedRegex("```bash\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex FirstShellBlock();

    private sealed record Vector(string Path, string? Manifest, string? Digest, int? Code)
    {
        public static Vector Read(string name)
        {
            var folder = System.IO.Path.Combine(Folder, name);
            using var json = JsonDocument.Parse(File.ReadAllBytes(System.IO.Path.Combine(folder, "case.json")));
            var root = json.RootElement;
            return new(
                System.IO.Path.Combine(folder, root.GetProperty("path").GetString()!),
                root.TryGetProperty("manifest", out var manifest) ? manifest.GetString() : null,
                root.TryGetProperty("digest", out var digest) ? digest.GetString() : null,
                root.TryGetProperty("code", out var code) ? code.GetInt32() : null);
        }
    }
}
