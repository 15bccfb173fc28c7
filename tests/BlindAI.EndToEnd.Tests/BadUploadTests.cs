using System.Formats.Tar;
using System.Text;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;

namespace BlindAI.EndToEnd.Tests;

public sealed class BadUploadTests(StrictServer server) : BadInputTest(server), IClassFixture<StrictServer>
{
    [Fact]
    public async Task Upload_FileThatIsNotOnnx_IsRefused()
    {
        foreach (var file in new[] { Encoding.UTF8.GetBytes($"{Secret} is no model"), [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10], new byte[4096], Enumerable.Repeat((byte)0xff, 4096).ToArray() })
        {
            (await Server.UploadAsync("bad", file)).AssertRefusal(400, ServingCode.ModelInvalid);
        }
    }

    [Fact]
    public async Task Upload_EmptyFile_IsRefused() => (await Server.UploadAsync("bad", [])).AssertRefusal(400, ServingCode.BundleInvalid);

    [Fact]
    public async Task Upload_OnnxTruncatedAnywhere_IsRefused()
    {
        for (var length = 1; length < TestModels.Sum.Length; length += 5)
        {
            var answer = await Server.UploadAsync("bad", TestModels.Sum[..length]);

            Assert.Equal(400, answer.Status);
            Assert.True(answer.Json.GetProperty("code").GetInt32() is (int)ServingCode.ModelInvalid or (int)ServingCode.ModelUnsupported, $"{length}: {Encoding.UTF8.GetString(answer.Body)}");
        }
    }

    [Fact]
    public async Task Upload_UnknownOperator_IsRefusedWithItsName()
    {
        var answer = await Server.UploadAsync("bad", new OnnxGraph("g").Input("x", OnnxType.Float, 1).Node("Levitate", ["x"], ["y"]).Output("y", OnnxType.Float, 1).ToModel().Encode());

        answer.AssertRefusal(400, ServingCode.ModelUnsupported, hasHint: true);
        Assert.Contains("Levitate", answer.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_UnknownDomain_IsRefusedWithItsName()
    {
        var graph = new OnnxGraph("g").Input("x", OnnxType.Float, 1).NodeOf("com.example.custom", "Levitate", ["x"], ["y"]).Output("y", OnnxType.Float, 1);
        var answer = await Server.UploadAsync("bad", graph.ToModel().Import("com.example.custom", 1).Encode());

        answer.AssertRefusal(400, ServingCode.ModelUnsupported, hasHint: true);
        Assert.Contains("com.example.custom", answer.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_GraphThatDoesNotHoldTogether_IsRefused() =>
        (await Server.UploadAsync("bad", new OnnxGraph("g").Node("Identity", ["nowhere"], ["y"]).Output("y", OnnxType.Float, 1).ToModel().Encode())).AssertRefusal(400, ServingCode.ModelInvalid);

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../../../../etc/passwd")]
    [InlineData("weights/../../secret.bin")]
    [InlineData("file:///etc/passwd")]
    [InlineData("/proc/self/mem")]
    [InlineData("..\\..\\secret.bin")]
    [InlineData("absent.bin")]
    [InlineData("")]
    public async Task Upload_ExternalDataOutsideTheBundle_IsRefused(string location)
    {
        var model = TestModels.WithExternalData(location);

        (await Server.UploadAsync("bad", model)).AssertRefusal(400, ServingCode.ExternalDataRefused);
        (await Server.UploadAsync("bad", TestModels.Tar(("model.onnx", model), ("weights.bin", new byte[8])), MediaTypes.Tar)).AssertRefusal(400, ServingCode.ExternalDataRefused);
    }

    [Theory]
    [InlineData(0, 9)]
    [InlineData(1, 8)]
    [InlineData(-1, 8)]
    [InlineData(long.MaxValue, 8)]
    [InlineData(0, long.MaxValue)]
    public async Task Upload_ExternalDataOutsideItsFile_IsRefused(long offset, long length)
    {
        var answer = await Server.UploadAsync("bad", TestModels.Tar(("model.onnx", TestModels.WithExternalData("weights.bin", offset, length)), ("weights.bin", new byte[8])), MediaTypes.Tar);

        Assert.Equal(400, answer.Status);
        Assert.True(answer.Json.GetProperty("code").GetInt32() is (int)ServingCode.ModelInvalid or (int)ServingCode.ExternalDataRefused, Encoding.UTF8.GetString(answer.Body));
    }

    [Theory]
    [InlineData("../model.onnx")]
    [InlineData("/model.onnx")]
    [InlineData("a/../model.onnx")]
    [InlineData("a//model.onnx")]
    [InlineData(".model.onnx")]
    [InlineData("a/.git/config")]
    [InlineData("mod\u00e8le.onnx")]
    [InlineData("model .onnx")]
    [InlineData("model\\.onnx")]
    public async Task Upload_TarWithBadPath_IsRefused(string path) =>
        (await Server.UploadAsync("bad", TestModels.Tar((path, TestModels.Sum)), MediaTypes.Tar)).AssertRefusal(400, ServingCode.BundleInvalid, hasHint: true);

    [Theory]
    [InlineData(TarEntryType.SymbolicLink)]
    [InlineData(TarEntryType.HardLink)]
    public async Task Upload_TarWithLink_IsRefused(TarEntryType type) =>
        (await Server.UploadAsync("bad", TestModels.Tar([new UstarTarEntry(type, "model.onnx") { LinkName = "/etc/passwd" }]), MediaTypes.Tar)).AssertRefusal(400, ServingCode.BundleInvalid, hasHint: true);

    [Theory]
    [InlineData(TarEntryType.CharacterDevice)]
    [InlineData(TarEntryType.BlockDevice)]
    [InlineData(TarEntryType.Fifo)]
    public async Task Upload_TarWithDevice_IsRefused(TarEntryType type) =>
        (await Server.UploadAsync("bad", TestModels.Tar([new UstarTarEntry(type, "model.onnx")]), MediaTypes.Tar)).AssertRefusal(400, ServingCode.BundleInvalid);

    [Fact]
    public async Task Upload_TarWithTheSamePathTwice_IsRefused() =>
        (await Server.UploadAsync("bad", TestModels.Tar(("model.onnx", TestModels.Sum), ("./model.onnx", TestModels.Sum)), MediaTypes.Tar)).AssertRefusal(400, ServingCode.BundleInvalid);

    [Fact]
    public async Task Upload_TarWithTooManyEntries_IsRefused() =>
        (await Server.UploadAsync("bad", TestModels.Tar([.. Enumerable.Range(0, 1001).Select(index => ($"file{index}", Array.Empty<byte>()))]), MediaTypes.Tar)).AssertRefusal(400, ServingCode.BundleInvalid);

    [Fact]
    public async Task Upload_TarWithoutModel_IsRefused() =>
        (await Server.UploadAsync("bad", TestModels.Tar(("readme.txt", new byte[10])), MediaTypes.Tar)).AssertRefusal(400, ServingCode.BundleInvalid);

    [Fact]
    public async Task Upload_TarThatIsNone_IsRefused() => (await Server.UploadAsync("bad", TestModels.Sum.Concat(new byte[1024]).ToArray(), MediaTypes.Tar)).AssertRefusal(400, ServingCode.BundleInvalid);

    [Fact]
    public async Task Upload_TarThatEndsEarly_IsRefused()
    {
        var archive = TestModels.Tar(("model.onnx", TestModels.Sum));
        foreach (var length in new[] { 100, 512, 600, 1024, archive.Length - 1000 })
        {
            (await Server.UploadAsync("bad", archive[..length], MediaTypes.Tar)).AssertRefusal(400, ServingCode.UploadIncomplete, hasHint: true);
        }
    }

    [Fact]
    public async Task Upload_TarThatClaimsAGiantFile_IsRefused()
    {
        var archive = TestModels.Tar(("model.onnx", TestModels.Sum));
        PatchHeader(archive, 124, "77777777777\0");                                          // size: 8 GiB

        var answer = await Server.UploadAsync("bad", archive, MediaTypes.Tar);

        Assert.True(answer.Json.GetProperty("code").GetInt32() is (int)ServingCode.UploadIncomplete or (int)ServingCode.RequestTooLarge, Encoding.UTF8.GetString(answer.Body));
    }

    [Theory]
    [InlineData(100, "x")]
    [InlineData(124, "-1")]
    [InlineData(124, "\x80\0\0\0\0\0\0\0\0\0\x01\0")]
    [InlineData(156, "S")]
    [InlineData(156, "?")]
    public async Task Upload_TarWithBrokenHeader_IsRefused(int offset, string field)
    {
        var archive = TestModels.Tar(("model.onnx", TestModels.Sum));
        PatchHeader(archive, offset, field, fixChecksum: offset != 100);

        (await Server.UploadAsync("bad", archive, MediaTypes.Tar)).AssertRefusal(400, ServingCode.BundleInvalid);
    }

    [Fact]
    public async Task Upload_TarWithBytesBehindItsEnd_IsRefused() =>
        (await Server.UploadAsync("bad", [.. TestModels.Tar(("model.onnx", TestModels.Sum)), 1], MediaTypes.Tar)).AssertRefusal(400, ServingCode.BundleInvalid);

    [Fact]
    public async Task Upload_TarWithGiantExtendedHeader_IsRefused()
    {
        var archive = TestModels.Tar(("model.onnx", new byte[100_000]));
        PatchHeader(archive, 156, "x");

        (await Server.UploadAsync("bad", archive, MediaTypes.Tar)).AssertRefusal(400, ServingCode.BundleInvalid);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/zip")]
    [InlineData(null)]
    public async Task Upload_UnknownContentType_IsRefusedWithThoseThatAre(string? type) =>
        (await Server.UploadAsync("bad", TestModels.Sum, type!)).AssertRefusal(400, ServingCode.BundleInvalid, hasHint: true);

    [Fact]
    public async Task Upload_CompressedBody_IsRefused()
    {
        var answer = await Server.UploadAsync("bad", TestModels.Sum, change: request => request.Content!.Headers.ContentEncoding.Add("gzip"));

        answer.AssertRefusal(501, ServingCode.EncodingUnsupported, hasHint: true);
        Assert.Equal("identity", answer.Headers["accept-encoding"]);
    }

    [Fact]
    public async Task Upload_PersistenceAskedFor_IsRefused() =>
        (await Server.UploadAsync("bad", TestModels.Sum, query: "?persist=true")).AssertRefusal(409, ServingCode.PersistenceUnavailable, hasHint: true);

    [Theory]
    [InlineData("?durable=true")]
    [InlineData("?load=true&Secret=1")]
    [InlineData($"?{Secret}")]
    public async Task Upload_UnknownParameter_IsRefused(string query) => (await Server.UploadAsync("bad", TestModels.Sum, query: query)).AssertRefusal(501, ServingCode.ParameterUnsupported, hasHint: true);

    [Theory]
    [InlineData("?ttl=0")]
    [InlineData("?ttl=3888001")]
    public async Task Upload_TimeToLiveOutOfRange_IsRefusedBeforeItsBody(string query) =>
        (await Server.UploadAsync("other", TestModels.Sum, query: query)).AssertRefusal(501, ServingCode.ParameterUnsupported, hasHint: true);

    [Theory]
    [InlineData("?load=maybe")]
    [InlineData("?load=true&load=false")]
    [InlineData("?persist=")]
    [InlineData("?ttl=-1")]
    [InlineData("?ttl=1.5")]
    [InlineData("?ttl=99999999999999999999")]
    public async Task Upload_BrokenParameter_IsRefused(string query) => (await Server.UploadAsync("bad", TestModels.Sum, query: query)).AssertRefusal(400, ServingCode.RequestMalformed);

    [Fact]
    public async Task Upload_VersionThatExists_IsRefused() => (await Server.SendAsync(HttpMethod.Put, "/v2/models/good/versions/1", TestModels.Sum, MediaTypes.Onnx)).AssertRefusal(409, ServingCode.UploadConflict, hasHint: true);

    [Fact]
    public async Task Upload_StatedLengthOverTheLimit_IsRefusedBeforeAByteIsSent()
    {
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.SendAsync($"{UploadHead}\r\nHost: localhost\r\nContent-Length: {StrictServer.MaxBytes + 1}\r\nExpect: 100-continue\r\n\r\n");

        (await connection.ReadAnswerAsync())!.AssertRefusal(413, ServingCode.RequestTooLarge);
    }

    [Fact]
    public async Task Upload_ChunkedBody_IsRefusedAtTheFirstByteOverTheLimit()
    {
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.BeginAsync($"{UploadHead}\r\nTransfer-Encoding: chunked");
        await connection.SendChunkAsync(new byte[StrictServer.MaxBytes]);
        await connection.SendAsync("7fffffff\r\n ");

        (await connection.ReadAnswerAsync())!.AssertRefusal(413, ServingCode.RequestTooLarge);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Upload_BrokenOff_FreesTheNameAndShowsNothing(bool withReset)
    {
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.BeginAsync($"{UploadHead}\r\nContent-Length: {TestModels.Sum.Length}");
        await connection.SendAsync(TestModels.Sum.AsMemory(0, TestModels.Sum.Length / 2));
        Assert.Equal(["good"], await Server.ListAsync());

        if (withReset)
        {
            connection.Break();
        }
        else
        {
            connection.Dispose();
        }

        Assert.Equal(201, await UploadWhenFreeAsync());
        (await Server.SendAsync(HttpMethod.Delete, "/v2/models/bad")).AssertDone();
    }

    [Fact]
    public async Task Upload_WhileTheNameIsBeingUploaded_IsRefusedAndTheFirstCompletes()
    {
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.BeginAsync($"{UploadHead}\r\nContent-Length: {TestModels.Sum.Length}");
        await connection.SendAsync(TestModels.Sum.AsMemory(0, 10));

        (await Server.UploadAsync("bad", TestModels.Sum)).AssertRefusal(409, ServingCode.UploadConflict, hasHint: true);
        (await Server.InferAsync(StrictServer.GoodRequest, "bad")).AssertRefusal(404, ServingCode.ModelNotFound);

        await connection.SendAsync(TestModels.Sum.AsMemory(10));
        Assert.Equal(201, (await connection.ReadAnswerAsync())!.Status);
        (await Server.SendAsync(HttpMethod.Delete, "/v2/models/bad")).AssertDone();
    }

    private const string UploadHead = $"PUT /v2/models/bad HTTP/1.1\r\nContent-Type: {MediaTypes.Onnx}";

    // The server learns of a broken connection a moment after it breaks. Each attempt waits for an answer; the time for all is bounded.
    private async Task<int> UploadWhenFreeAsync()
    {
        using var limit = new CancellationTokenSource(RawConnection.Limit);
        HttpAnswer answer;
        do
        {
            answer = await Server.UploadAsync("bad", TestModels.Sum);
        }
        while (answer.Status == 409 && !limit.IsCancellationRequested);

        return answer.Status;
    }

    private static void PatchHeader(byte[] archive, int offset, string field, bool fixChecksum = true)
    {
        Encoding.Latin1.GetBytes(field).CopyTo(archive, offset);
        if (fixChecksum)
        {
            archive.AsSpan(148, 8).Fill((byte)' ');
            var sum = archive.Take(512).Sum(value => value);
            Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(archive, 148);
        }
    }
}
