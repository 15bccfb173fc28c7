using BlindAI.Protocol.Models;

namespace BlindAI.Protocol.Tests.Models;

/// <summary>The rules of paths, digests, versions and manifests.</summary>
public sealed class BundlePathTests
{
    [Theory]
    [InlineData("model.onnx")]
    [InlineData("onnx/model_q4.onnx_data")]
    [InlineData("_")]
    [InlineData("a..b")]
    [InlineData("0/1/2-3.4_5")]
    public void Parse_GoodPath_IsItself(string text) => Assert.Equal(text, BundlePath.Parse(text).Value);

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("../a")]
    [InlineData("a/../b")]
    [InlineData("a/.b")]
    [InlineData("-a")]
    [InlineData("a b")]
    [InlineData("a\\b")]
    [InlineData("a\"b")]
    [InlineData("a\n")]
    [InlineData("a\0")]
    [InlineData("\u00fc")]
    [InlineData("C:a")]
    public void Parse_BadPath_IsRefused(string text)
    {
        Assert.False(BundlePath.TryParse(text, out _));
        Assert.Equal(ServingCode.BundleInvalid, Assert.Throws<ServingException>(() => BundlePath.Parse(text)).Code);
    }

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void TryParse_LongPath_EndsAt255(int length, bool isValid) => Assert.Equal(isValid, BundlePath.TryParse(new string('a', length), out _));

    [Theory]
    [InlineData("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", true)]
    [InlineData("sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", false)]
    [InlineData("SHA256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", false)]
    [InlineData("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde", false)]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", false)]
    [InlineData("sha256:", false)]
    [InlineData(null, false)]
    public void TryParse_Digest_TakesTheOneForm(string? text, bool isValid)
    {
        Assert.Equal(isValid, ModelDigest.TryParse(text, out var digest));
        Assert.Equal(isValid ? text : null, digest?.Value);
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("2147483647", 2147483647)]
    [InlineData("0", null)]
    [InlineData("01", null)]
    [InlineData("-1", null)]
    [InlineData("+1", null)]
    [InlineData(" 1", null)]
    [InlineData("1.0", null)]
    [InlineData("2147483648", null)]
    [InlineData("", null)]
    public void TryParse_Version_IsAPositiveInteger(string text, int? expected)
    {
        Assert.Equal(expected is not null, ModelVersion.TryParse(text, out var version));
        Assert.Equal(expected ?? version, version);
    }

    [Fact]
    public void Manifest_WithoutFilesOrWithOneTwice_IsRefused()
    {
        var entry = new ManifestEntry(BundlePath.SingleModel, 0, new string('0', 64));

        Assert.Equal(ServingCode.BundleInvalid, Assert.Throws<ServingException>(() => new ModelManifest([])).Code);
        Assert.Equal(ServingCode.BundleInvalid, Assert.Throws<ServingException>(() => new ModelManifest([entry, entry])).Code);
        Assert.Equal(ServingCode.BundleInvalid, Assert.Throws<ServingException>(() => new ModelManifest([Entry("a/b/c"), Entry("a/b"), Entry("a-")])).Code);
        Assert.Equal(3, new ModelManifest([Entry("a/b/c"), Entry("a/b-"), Entry("b")]).Entries.Count);
        Assert.Throws<ArgumentException>(() => new ManifestEntry(BundlePath.SingleModel, 0, new string('A', 64)));
    }

    private static ManifestEntry Entry(string path) => new(BundlePath.Parse(path), 0, new string('0', 64));

    [Theory]
    [InlineData("application/onnx", BundleFormat.Onnx)]
    [InlineData("Application/X-Tar", BundleFormat.Tar)]
    [InlineData("application/octet-stream", null)]
    [InlineData(null, null)]
    public void Find_MediaType_KnowsTwo(string? mediaType, BundleFormat? expected) => Assert.Equal(expected, BundleFormats.Find(mediaType));
}
