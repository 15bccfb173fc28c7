using System.Formats.Tar;
using BlindAI.Protocol.Models;

namespace BlindAI.Protocol.Tests.Models;

/// <summary>What is sent is what was digested, and the same files give the same bytes.</summary>
public sealed class ModelFolderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("model-folder-");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task WriteToAsync_Folder_IsAnArchiveOfTheManifest()
    {
        var longFolder = string.Join('/', Enumerable.Repeat("a_folder_with_a_long_name", 6));
        Write("model.onnx", 1_000_003);
        Write($"{longFolder}/weights.bin", 512);
        Write("empty", 0);
        var model = ModelFolder.Open(_folder.FullName);
        var progress = new Counter();

        using var body = new MemoryStream();
        var written = await model.WriteToAsync(body, progress, Token);
        var computed = await model.ComputeManifestAsync(cancellationToken: Token);

        Assert.Equal(BundleFormat.Tar, model.Format);
        Assert.Equal(computed.Digest, written.Digest);
        Assert.Equal(model.TotalBytes, progress.Last);
        body.Position = 0;
        using var archive = new TarReader(body);
        for (var index = 0; index < written.Entries.Count; index++)
        {
            var entry = archive.GetNextEntry()!;
            Assert.Equal((written.Entries[index].Path.Value, written.Entries[index].Size), (entry.Name, entry.Length));
            Assert.Equal((0, 0, DateTimeOffset.UnixEpoch), (entry.Uid, entry.Gid, entry.ModificationTime));
        }

        Assert.Null(archive.GetNextEntry());
    }

    [Fact]
    public async Task WriteToAsync_SameFilesElsewhereAndLater_GiveTheSameBytes()
    {
        Write("one/b/model.onnx", 100);
        Write("one/a.bin", 5);
        Write("two/a.bin", 5);
        Write("two/b/model.onnx", 100);
        File.SetLastWriteTimeUtc(Path.Combine(_folder.FullName, "two", "a.bin"), DateTime.UnixEpoch);

        Assert.Equal(await Archive("one"), await Archive("two"));
    }

    [Fact]
    public async Task WriteToAsync_SingleFile_IsTheFile()
    {
        var path = Write("any name.bin", 300_000);
        var model = ModelFolder.Open(path);

        using var body = new MemoryStream();
        var manifest = await model.WriteToAsync(body, cancellationToken: Token);

        Assert.Equal(BundleFormat.Onnx, model.Format);
        Assert.Equal(await File.ReadAllBytesAsync(path, Token), body.ToArray());
        Assert.Equal("model.onnx", Assert.Single(manifest.Entries).Path.Value);
    }

    [Theory]
    [InlineData(99)]
    [InlineData(101)]
    public async Task WriteToAsync_FileChangedSinceItWasListed_IsRefused(int length)
    {
        Write("model.onnx", 100);
        var model = ModelFolder.Open(_folder.FullName);
        Write("model.onnx", length);

        var refusal = await Record.ExceptionAsync(() => model.WriteToAsync(Stream.Null, cancellationToken: Token));

        Assert.Equal(ServingCode.BundleInvalid, Assert.IsType<ServingException>(refusal).Code);
    }

    [Fact]
    public void Open_FolderWithoutFiles_IsRefused()
    {
        _ = _folder.CreateSubdirectory("empty");

        Assert.Equal(ServingCode.BundleInvalid, Assert.Throws<ServingException>(() => ModelFolder.Open(_folder.FullName)).Code);
    }

    [Fact]
    public void Open_TooManyFiles_IsRefused()
    {
        for (var index = 0; index <= ModelManifest.MaxFiles; index++)
        {
            Write($"f{index}", 0);
        }

        Assert.Equal(ServingCode.BundleInvalid, Assert.Throws<ServingException>(() => ModelFolder.Open(_folder.FullName)).Code);
    }

    [Fact]
    public void Open_LinkItself_IsRefused()
    {
        var target = Write("model.onnx", 1);
        var link = Path.Combine(_folder.FullName, "link");
        _ = File.CreateSymbolicLink(link, target);

        Assert.Equal(ServingCode.BundleInvalid, Assert.Throws<ServingException>(() => ModelFolder.Open(link)).Code);
    }

    private string Write(string path, int length)
    {
        var full = Path.Combine(_folder.FullName, path);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, [.. Enumerable.Range(0, length).Select(index => (byte)index)]);
        return full;
    }

    private async Task<byte[]> Archive(string folder)
    {
        using var body = new MemoryStream();
        _ = await ModelFolder.Open(Path.Combine(_folder.FullName, folder)).WriteToAsync(body, cancellationToken: Token);
        return body.ToArray();
    }

    private sealed class Counter : IProgress<long>
    {
        public long Last { get; private set; }

        public void Report(long value)
        {
            Assert.True(value > Last, "Progress moves forward.");
            Last = value;
        }
    }
}
