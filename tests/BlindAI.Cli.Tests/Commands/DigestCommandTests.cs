using BlindAI.Attestation;

namespace BlindAI.Cli.Tests.Commands;

public sealed class DigestCommandTests
{
    // SHA-256 of "model", and of [{"path":"model.onnx","size":5,"sha256":"<that>"}], both as sha256sum prints them.
    private const string FileDigest = "9372c470eeadd5ecd9c3c74c2b3cb633f8e2f2fad799250a0f70d652b6b825e4";

    [Fact]
    public async Task Digest_File_IsThatOfItsManifest()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("anything.onnx", "model");
        var manifest = $$"""[{"path":"model.onnx","size":5,"sha256":"{{FileDigest}}"}]""";
        var expected = $"sha256:{Sha256Digest.Of(System.Text.Encoding.ASCII.GetBytes(manifest))}";

        var text = await CliRun.OfAsync("digest", path);
        var json = (await CliRun.OfAsync("digest", path, "--json")).ReadJson();

        Assert.Equal(new CliRun(0, expected + "\n", ""), text);
        Assert.Equal(expected, json.GetProperty("digest").GetString());
        var file = Assert.Single(json.GetProperty("files").EnumerateArray());
        Assert.Equal(("model.onnx", 5L, FileDigest), (file.GetProperty("path").GetString(), file.GetProperty("size").GetInt64(), file.GetProperty("sha256").GetString()));
    }

    [Fact]
    public async Task Digest_NothingThere_Exits2AndNamesThePath()
    {
        var run = await CliRun.OfAsync("digest", "no-such-model.onnx");

        Assert.Equal((2, ""), (run.Exit, run.Out));
        Assert.Contains("no-such-model.onnx does not exist", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Digest_Configuration_IsThatOfTheCanonicalDocument()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("appsettings.json", """{ "Limits": { "MaxTensors": 7 }, /* not attested: */ "Listen": { "Url": "https://127.0.0.1:0" }, }""");

        var text = await CliRun.OfAsync("digest", "--configuration", file);
        var json = (await CliRun.OfAsync("digest", "--configuration", file, "--json")).ReadJson();
        var document = json.GetProperty("document").GetString()!;

        Assert.Contains("\"maxTensors\":7", document, StringComparison.Ordinal);
        Assert.Equal($"{Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(document))}\n", text.Out);
        Assert.Equal(text.Out.TrimEnd(), json.GetProperty("digest").GetString());
    }

    [Theory]
    [InlineData("""{ "Limits": { "MaxTensor": 7 } }""", "Limits:MaxTensor")]
    [InlineData("""{ "Limits": """, "JSON")]
    public async Task Digest_WrongConfiguration_Exits2AndNamesTheFault(string text, string named)
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.OfAsync("digest", "--configuration", folder.Write("appsettings.json", text));

        Assert.Equal((2, ""), (run.Exit, run.Out));
        Assert.Contains(named, run.Error, StringComparison.Ordinal);
    }
}
