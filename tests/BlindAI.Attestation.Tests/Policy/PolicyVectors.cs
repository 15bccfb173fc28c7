using System.Text.Json;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Policy;

/// <summary>The cases of vectors/policy: one folder each, one failure each.</summary>
internal static class PolicyVectors
{
    private static readonly string Folder = RepositoryRoot.Combine("vectors", "policy");

    public static IEnumerable<string> Names => Directory.EnumerateDirectories(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)!;

    public static IEnumerable<string> ValidNames => Names.Where(name => Expectation(name).Code is null);

    public static string FileOf(string name) => Path.Combine(Folder, name, "policy.json");

    /// <summary>The text of docs/policy.md.</summary>
    public static string Documentation => File.ReadAllText(RepositoryRoot.Combine("docs", "policy.md"));

    public static byte[] Policy(string name) => File.ReadAllBytes(FileOf(name));

    public static (RejectionCode? Code, string? Path) Expectation(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, name, "case.json")));
        var expect = document.RootElement.GetProperty("expect");
        return expect.GetProperty("result").GetString() == "valid"
            ? (null, null)
            : ((RejectionCode)expect.GetProperty("code").GetInt32(), expect.GetProperty("path").GetString());
    }
}
