using System.Diagnostics;
using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using BlindAI.Inference.Models;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;

namespace BlindAI.Inference.Tests.Models;

/// <summary>Uploads, whole, broken and hostile.</summary>
public sealed class BundleReceiverTests
{
    private static readonly byte[] Content = Encoding.ASCII.GetBytes("a model");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, null)]
    [InlineData(65_536, null)]
    [InlineData(65_537, null)]
    [InlineData(1_000_000, null)]
    [InlineData(1_000_000, 1_000_000L)]
    [InlineData(1_000_000, 10L)]
    [InlineData(1_000_000, long.MaxValue)]
    [InlineData(65_536, 65_536L)]
    public async Task ReceiveAsync_SingleFile_HasItsDigestWhateverTheHint(int length, long? hint)
    {
        var bytes = RandomNumberGenerator.GetBytes(length);

        using var bundle = await BundleReceiver.ReceiveAsync(new Trickle(bytes), BundleFormat.Onnx, Bundles.Budget(), hint, Token);

        var file = Assert.Single(bundle.Files);
        Assert.Equal("model.onnx", file.Entry.Path.Value);
        Assert.Equal(length, file.Entry.Size);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), file.Entry.Sha256);
        Assert.Equal(bytes, file.Bytes);
    }

    [Theory]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    public async Task ReceiveAsync_Archive_HasItsFilesSorted(TarEntryFormat format)
    {
        var large = RandomNumberGenerator.GetBytes(200_001);
        var longName = string.Join('/', Enumerable.Repeat("folder_of_a_long_name", 8)) + "/file.bin";
        var tar = format == TarEntryFormat.Ustar
            ? Bundles.Tar(format, ("z.bin", large), ("onnx/model.onnx", Content), ("empty", []))
            : Bundles.Tar(format, ("z.bin", large), (longName, Content), ("empty", []), ("onnx/model.onnx", Content));

        using var bundle = await BundleReceiver.ReceiveAsync(new Trickle(tar), BundleFormat.Tar, Bundles.Budget(), cancellationToken: Token);

        Assert.Equal(bundle.Files.Select(file => file.Entry.Path.Value).Order(StringComparer.Ordinal), bundle.Files.Select(file => file.Entry.Path.Value));
        Assert.Equal(large, bundle.Find(BundlePath.Parse("z.bin"))!.Bytes);
        Assert.Equal(Content, bundle.ModelFile.Bytes);
        Assert.Equal(format != TarEntryFormat.Ustar, bundle.Find(BundlePath.Parse(longName)) is not null);
    }

    [Fact]
    public async Task ReceiveAsync_BytesOverTheBudget_AreRefusedAtTheFirst()
    {
        var body = new Endless();
        using var budget = Bundles.Budget(100_000);

        var refusal = await Assert.ThrowsAsync<ServingException>(() => BundleReceiver.ReceiveAsync(body, BundleFormat.Onnx, budget, long.MaxValue, Token));

        Assert.Equal(ServingCode.RequestTooLarge, refusal.Code);
        Assert.True(body.Given <= 200_000, $"{body.Given} bytes were read after the limit.");
    }

    [Fact]
    public async Task ReceiveAsync_ArchiveThatClaimsTerabytes_AllocatesForWhatArrives()
    {
        var header = Header("model.onnx", size: 8L * 1024 * 1024 * 1024 - 1);
        var before = GC.GetTotalAllocatedBytes(precise: true);

        var refusal = await Assert.ThrowsAsync<ServingException>(() => Receive([.. header, .. new byte[1000]]));

        Assert.Equal(ServingCode.UploadIncomplete, refusal.Code);

        // Of the whole process, in which other tests run.
        Assert.True(GC.GetTotalAllocatedBytes(precise: true) - before < 1_000_000_000);
    }

    [Fact]
    public async Task ReceiveAsync_ArchiveCutAnywhere_IsIncomplete()
    {
        var tar = Bundles.Tar(("model.onnx", Content), ("b.bin", new byte[700]));
        var whole = tar.Length - (2 * 512);
        for (var length = 1; length < whole + 1024; length += 37)
        {
            var refusal = await Assert.ThrowsAsync<ServingException>(() => Receive(tar[..length]));
            Assert.Equal(ServingCode.UploadIncomplete, refusal.Code);
        }
    }

    [Theory]
    [InlineData(BundleFormat.Onnx)]
    [InlineData(BundleFormat.Tar)]
    public async Task ReceiveAsync_EmptyBody_IsInvalid(BundleFormat format) => Assert.Equal(ServingCode.BundleInvalid,
        (await Assert.ThrowsAsync<ServingException>(() => BundleReceiver.ReceiveAsync(Stream.Null, format, Bundles.Budget(), cancellationToken: Token))).Code);

    [Fact]
    public async Task ReceiveAsync_BrokenConnection_IsIncomplete() => Assert.Equal(ServingCode.UploadIncomplete,
        (await Assert.ThrowsAsync<ServingException>(() => BundleReceiver.ReceiveAsync(new Endless { BreaksAfter = 70_000 }, BundleFormat.Onnx, Bundles.Budget(), cancellationToken: Token))).Code);

    [Fact]
    public async Task ReceiveAsync_Cancelled_Ends()
    {
        using var cancellation = new CancellationTokenSource();
        var body = new Endless { OnRead = given => { if (given > 50_000) { cancellation.Cancel(); } } };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => BundleReceiver.ReceiveAsync(body, BundleFormat.Onnx, Bundles.Budget(), cancellationToken: cancellation.Token));
    }

    [Theory]
    [InlineData("../model.onnx")]
    [InlineData("/model.onnx")]
    [InlineData("a/../model.onnx")]
    [InlineData(".model.onnx")]
    [InlineData("a/.hidden")]
    [InlineData("a//b")]
    [InlineData("a\\b")]
    [InlineData("gr\u00fcn.onnx")]
    [InlineData(".//model.onnx")]
    [InlineData("././model.onnx")]
    [InlineData("-rf")]
    [InlineData("a b")]
    public Task ReceiveAsync_BadPath_IsInvalid(string path) => AssertInvalid([.. Header(path, 0), .. End()]);

    [Theory]
    [InlineData('1')]
    [InlineData('2')]
    [InlineData('3')]
    [InlineData('4')]
    [InlineData('6')]
    [InlineData('K')]
    [InlineData('S')]
    [InlineData('D')]
    [InlineData('V')]
    public Task ReceiveAsync_LinkOrDevice_IsInvalid(char kind) => AssertInvalid([.. Header("model.onnx", 0, kind), .. End()]);

    [Fact]
    public Task ReceiveAsync_PathTwice_IsInvalid() => AssertInvalid([.. Header("model.onnx", 0), .. Header("./model.onnx", 0), .. End()]);

    [Fact]
    public Task ReceiveAsync_TooManyEntries_AreInvalid() =>
        AssertInvalid([.. Enumerable.Range(0, ModelManifest.MaxFiles + 1).SelectMany(index => Header($"f{index}", 0)), .. End()]);

    [Fact]
    public Task ReceiveAsync_BytesAfterTheEnd_AreInvalid() => AssertInvalid([.. Header("model.onnx", 0), .. End(), .. Header("more", 0)]);

    [Fact]
    public Task ReceiveAsync_WrongChecksum_IsInvalid()
    {
        var header = Header("model.onnx", 0);
        header[0] ^= 1;
        return AssertInvalid([.. header, .. End()]);
    }

    [Fact]
    public Task ReceiveAsync_OnlyFolders_AreInvalid() => AssertInvalid([.. Header("./", 0, '5'), .. Header("onnx/", 0, '5'), .. End()]);

    [Theory]
    [InlineData("20 size=-1\n")]
    [InlineData("99999999 path=a\n")]
    [InlineData("0 path=a\n")]
    [InlineData("9 path=a")]
    [InlineData("path=a\n")]
    [InlineData("10 path=a\n10 path=b\n")]
    [InlineData("14 linkpath=a\n")]
    [InlineData("25 GNU.sparse.realsize=1\n")]
    [InlineData("13 path=../a\n")]
    [InlineData("8 noeq\n")]
    public Task ReceiveAsync_BadPaxRecord_IsInvalid(string records) => AssertInvalid([.. Pax(records), .. Header("model.onnx", 0), .. End()]);

    [Fact]
    public Task ReceiveAsync_HugePaxHeader_IsInvalid() => AssertInvalid([.. Header("x", 1L << 32, 'x'), .. new byte[1024]]);

    [Fact]
    public Task ReceiveAsync_GlobalPath_IsInvalid() => AssertInvalid([.. Pax("10 path=a\n", 'g'), .. Header("model.onnx", 0), .. End()]);

    [Fact]
    public async Task ReceiveAsync_PaxSize_DecidesWhereTheEntryEnds()
    {
        // One reader takes the header's size and sees "inner" as an entry, another takes the record's and sees it as contents: ours must be the latter.
        var inner = Header("inner", 0);

        using var bundle = await Receive([.. Pax("12 size=512\n"), .. Header("model.onnx", 0), .. inner, .. End()]);

        Assert.Equal(inner, Assert.Single(bundle.Files).Bytes);
    }

    [Fact]
    public async Task ReceiveAsync_FolderArchivedAsDot_IsAccepted()
    {
        using var bundle = await Receive([.. Header("./", 0, '5'), .. Header("./onnx/", 0, '5'), .. Header("./onnx/model.onnx", 7), .. Content, .. new byte[505], .. End()]);

        Assert.Equal("onnx/model.onnx", Assert.Single(bundle.Files).Entry.Path.Value);
    }

    [Fact]
    public async Task ReceiveAsync_SameFilesBothWays_HaveOneDigest()
    {
        using var single = await BundleReceiver.ReceiveAsync(new MemoryStream(Content), BundleFormat.Onnx, Bundles.Budget(), cancellationToken: Token);
        using var archive = await Receive(Bundles.Tar(("model.onnx", Content)));

        Assert.Equal(single.Manifest.Digest, archive.Manifest.Digest);
    }

    [Fact]
    public async Task ReceiveAsync_WhatTheClientSends_HasTheClientsDigest()
    {
        using var folder = new TemporaryFolder();
        folder.Write("onnx/model.onnx", Content);
        folder.Write(string.Join('/', Enumerable.Repeat("a_folder_of_a_long_name", 9)) + "/w.bin", new byte[70_000]);
        using var body = new MemoryStream();
        var sent = await ModelFolder.Open(folder.Path).WriteToAsync(body, cancellationToken: Token);

        using var bundle = await Receive(body.ToArray());

        Assert.Equal(sent.Digest, bundle.Manifest.Digest);
    }

    [Theory]
    [InlineData("--format=gnu", ".")]
    [InlineData("--format=pax", ".")]
    [InlineData("--format=ustar", ".")]
    [InlineData("--format=ustar", "onnx", "z")]
    public async Task ReceiveAsync_OutputOfTar_HasItsFiles(params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        folder.Write("onnx/model.onnx", Content);
        folder.Write("z", new byte[3]);
        var start = new ProcessStartInfo("tar") { RedirectStandardOutput = true };
        foreach (var argument in (string[])["-C", folder.Path, "-cf", "-", .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using var tar = Process.Start(start)!;
        using var bundle = await BundleReceiver.ReceiveAsync(tar.StandardOutput.BaseStream, BundleFormat.Tar, Bundles.Budget(), cancellationToken: Token);

        Assert.Equal(["onnx/model.onnx", "z"], bundle.Files.Select(file => file.Entry.Path.Value));
        await tar.WaitForExitAsync(Token);
    }

    [Fact]
    public async Task Dispose_Bundle_ZeroesItsBytes()
    {
        var bundle = await Receive(Bundles.Tar(("model.onnx", Content)));
        var bytes = bundle.ModelFile.Bytes;

        bundle.Dispose();

        Assert.All(bytes, value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData("model.onnx", "model.onnx", "other.onnx")]
    [InlineData("net.onnx", "net.onnx", "onnx/model.onnx")]
    [InlineData("onnx/model.onnx", "a.onnx", "b.onnx", "onnx/model.onnx")]
    [InlineData(null, "a.onnx", "b.onnx")]
    [InlineData(null, "weights.bin")]
    public async Task ModelFile_ByRule_IsFound(string? expected, params string[] paths)
    {
        using var bundle = await Receive(Bundles.Tar([.. paths.Select(path => (path, Content))]));

        if (expected is null)
        {
            Assert.Equal(ServingCode.BundleInvalid, Assert.Throws<ServingException>(() => bundle.ModelFile).Code);
        }
        else
        {
            Assert.Equal(expected, bundle.ModelFile.Entry.Path.Value);
        }
    }

    private static Task<ModelBundle> Receive(byte[] tar) =>
        BundleReceiver.ReceiveAsync(new Trickle(tar), BundleFormat.Tar, Bundles.Budget(), cancellationToken: Token);

    private static async Task AssertInvalid(byte[] tar) =>
        Assert.Equal(ServingCode.BundleInvalid, (await Assert.ThrowsAsync<ServingException>(() => Receive(tar))).Code);

    private static byte[] Header(string path, long size, char kind = '0')
    {
        var block = new byte[512];
        Encoding.Latin1.GetBytes(path).CopyTo(block, 0);
        Encoding.ASCII.GetBytes("0000644\0").CopyTo(block, 100);
        Encoding.ASCII.GetBytes(Convert.ToString(size, 8).PadLeft(11, '0')).CopyTo(block, 124);
        block[156] = (byte)kind;
        "ustar\0"u8.CopyTo(block.AsSpan(257));
        block.AsSpan(148, 8).Fill((byte)' ');
        Encoding.ASCII.GetBytes(Convert.ToString(block.Sum(value => value), 8).PadLeft(6, '0') + "\0 ").CopyTo(block, 148);
        return block;
    }

    private static byte[] Pax(string records, char kind = 'x')
    {
        var bytes = Encoding.Latin1.GetBytes(records);
        return [.. Header("pax", bytes.Length, kind), .. bytes, .. new byte[(512 - (bytes.Length % 512)) % 512]];
    }

    private static byte[] End() => new byte[1024];

    /// <summary>Gives its bytes in pieces of odd sizes, as a network does.</summary>
    private sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        private int _reads;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, 1 + (_reads++ * 7919 % 5000))], cancellationToken);
    }

    private sealed class Endless : MemoryStream
    {
        public long Given { get; private set; }

        public long BreaksAfter { get; init; } = long.MaxValue;

        public Action<long>? OnRead { get; init; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Math.Min(buffer.Length, 4096);
            Given += count;
            OnRead?.Invoke(Given);
            return Given > BreaksAfter ? throw new IOException("reset") : new(count);
        }
    }
}
