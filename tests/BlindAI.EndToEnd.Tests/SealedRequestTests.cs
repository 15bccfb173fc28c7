using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Protocol;
using BlindAI.Protocol.Hpke;
using BlindAI.Protocol.Ohttp;
using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Sealed requests to a real server, sealed by hand: what honest callers send is answered as in clear, and what nobody honest sends is refused.</summary>
public sealed class SealedRequestTests(StrictServer server) : BadInputTest(server), IClassFixture<StrictServer>
{
    private const string Infer = "/v2/models/good/infer";

    private static readonly byte[] GoodRequest = Encoding.UTF8.GetBytes(StrictServer.GoodRequest);

    private byte[] _keys = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string?> Requests => new()
    {
        { "GET", "/v2", null },
        { "GET", "/v2/models", null },
        { "GET", "/v2/models/good", null },
        { "GET", "/v2/models/good/versions/1/ready", null },
        { "GET", "/v2/health/ready", null },
        { "GET", "/v2/models/absent", null },
        { "GET", "/v2/models/g%6Fod", null },
        { "GET", "/nowhere?a=b", null },
        { "POST", "/v2", "{}" },
        { "DELETE", "/v2/models/absent", null },
        { "POST", Infer, StrictServer.GoodRequest },
        { "POST", Infer, "{" },
        { "POST", Infer, "" },
        { "POST", "/v2/models/absent/infer", StrictServer.GoodRequest },
        { "PUT", "/v2/models/bad?load=maybe", "onnx" },
        { "PUT", "/v2/models/bad", "onnx" },
    };

    public override async ValueTask InitializeAsync()
    {
        var answer = await Server.SendAsync(HttpMethod.Get, Routes.SealedRequestKeys);
        Assert.Equal((200, MediaTypes.OhttpKeys), (answer.Status, answer.Headers["content-type"]));
        Assert.Equal("max-age=60", answer.Headers["cache-control"]);
        _keys = answer.Body;
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Sealed_AnyRequest_IsAnsweredAsInClear(string method, string path, string? content)
    {
        var plain = await Server.SendAsync(new(method), path, content is null ? null : Encoding.UTF8.GetBytes(content), content is null ? null : MediaTypes.Json);
        (string, string)[] headers = content is null ? [] : [("content-type", MediaTypes.Json)];
        foreach (var form in new[] { OhttpForm.Chunked, OhttpForm.Single })
        {
            var answer = await CallAsync(SealedCall.Message(method, path, Encoding.UTF8.GetBytes(content ?? ""), headers), form);

            Assert.Equal(plain.Status, answer.Status);
            Assert.Equal(plain.Body, answer.Body);
            string[] compared = ["content-type", "content-length", "allow", "location", HeaderNames.ModelDigest];
            Assert.Equal(compared.Where(plain.Headers.ContainsKey).Where(name => name != "content-length" || plain.Status == 200).Select(name => (name, plain.Headers[name])),
                compared.Where(answer.Headers.ContainsKey).Select(name => (name, answer.Headers[name])));
        }
    }

    [Theory]
    [InlineData(HpkeAead.Aes128Gcm, 1)]
    [InlineData(HpkeAead.Aes128Gcm, 1000)]
    [InlineData(HpkeAead.Aes256Gcm, 7)]
    public async Task Sealed_EveryCipherAndAnyChunks_AreAnswered(HpkeAead aead, int chunkLength)
    {
        using var call = new SealedCall(_keys, aead: aead);
        var answer = await OpenAsync(call, await PostAsync(call.Seal(SealedCall.Message("POST", Infer, GoodRequest), chunkLength)));

        Assert.Equal((200, "[4,6]"), (answer.Status, answer.Json.GetProperty("outputs")[0].GetProperty("data").GetRawText()));
    }

    [Fact]
    public async Task Sealed_BinaryTensors_AreAnsweredAsInClear()
    {
        var json = """{"inputs":[{"name":"a","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},{"name":"b","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}],"parameters":{"binary_data_output":true}}""";
        var sections = RandomNumberGenerator.GetBytes(16);
        var plain = await Server.InferBinaryAsync(json, sections);

        var answer = await CallAsync(SealedCall.Message("POST", Infer, [.. Encoding.UTF8.GetBytes(json), .. sections], [("inference-header-content-length", $"{json.Length}")]));

        Assert.Equal((200, 200), (plain.Status, answer.Status));
        Assert.Equal(plain.Body, answer.Body);
        Assert.Equal(plain.Headers[HeaderNames.InferenceHeaderContentLength], answer.Headers[HeaderNames.InferenceHeaderContentLength]);
    }

    [Fact]
    public async Task Sealed_Upload_StoresTheModel()
    {
        var (status, _, _) = await CallAsync(SealedCall.Message("PUT", "/v2/models/sealed", TestModels.Sum, [("content-type", MediaTypes.Onnx)]), chunkLength: 100);
        Assert.Equal(201, status);
        Assert.Contains("sealed", await Server.ListAsync());

        Assert.Equal(204, (await CallAsync(SealedCall.Message("DELETE", "/v2/models/sealed"))).Status);
        Assert.DoesNotContain("sealed", await Server.ListAsync());
    }

    [Theory]
    [InlineData("GET", "/v2", "")]
    [InlineData("POST", Infer, StrictServer.GoodRequest)]
    public async Task Sealed_PaddingAskedFor_HidesTheLengthOfTheAnswer(string method, string path, string content)
    {
        using var call = new SealedCall(_keys);
        byte[] message = [.. SealedCall.Message(method, path, Encoding.UTF8.GetBytes(content), [(HeaderNames.Padding, "1")]), .. new byte[2000]];
        var sealedAnswer = await PostAsync(call.Seal(message));

        Assert.Equal(200, (await OpenAsync(call, sealedAnswer)).Status);
        Assert.Equal(32 + 1 + 1024 + 16, sealedAnswer.Body.Length);
    }

    [Fact]
    public async Task Evidence_Claim7_IsOfTheServedKeys()
    {
        var evidence = EvidenceObjectJson.Parse((await Server.SendAsync(HttpMethod.Get, Routes.Attestation)).Body);

        Assert.Equal(_keys, evidence.SealedRequestKeys!.Value.ToArray());
        Assert.Equal(Sha256Digest.Of(_keys), Claims.Parse(evidence.EncodedClaims).SealedRequestKeys);
    }

    [Theory]
    [InlineData(Routes.SealedRequestKeys, "GET")]
    [InlineData(Routes.SealedRequests, "POST")]
    public async Task Preflight_FromAnyOrigin_IsAllowed(string path, string method)
    {
        var answer = await Server.SendAsync(HttpMethod.Options, path, change: request => request.Headers.Add("Origin", "https://page.example"));

        answer.AssertDone();
        Assert.Equal("*", answer.Headers["access-control-allow-origin"]);
        Assert.Equal(method, answer.Headers["access-control-allow-methods"]);
        Assert.Equal("content-type, incremental", answer.Headers["access-control-allow-headers"]);
        Assert.True(answer.Headers.ContainsKey("access-control-max-age"));
    }

    [Fact]
    public async Task Answers_OfEveryKind_MayBeReadByPages()
    {
        using var call = new SealedCall(_keys);
        HttpAnswer[] answers =
        [
            await Server.SendAsync(HttpMethod.Get, Routes.SealedRequestKeys),
            await PostAsync(call.Seal(SealedCall.Message("GET", "/v2"))),
            await PostAsync([1]),
            await PostAsync([1], MediaTypes.Json),
            await Server.SendAsync(HttpMethod.Get, Routes.SealedRequests),
        ];

        Assert.Equal([200, 200, 400, 400, 405], answers.Select(answer => answer.Status));
        Assert.All(answers, answer => Assert.Equal("*", answer.Headers["access-control-allow-origin"]));
        Assert.DoesNotContain("access-control-allow-origin", (await Server.SendAsync(HttpMethod.Get, "/v2")).Headers.Keys, StringComparer.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(MediaTypes.Json)]
    [InlineData(MediaTypes.OhttpResponse)]
    [InlineData(null)]
    public async Task Post_OtherContentType_IsRefused(string? type)
    {
        using var call = new SealedCall(_keys);
        (await PostAsync(call.Seal(SealedCall.Message("GET", "/v2")), type)).AssertRefusal(400, ServingCode.RequestMalformed, hasHint: true);
    }

    [Fact]
    public async Task Post_UnknownKeyOrSuite_TellsToFetchTheKeyAgain()
    {
        var good = Sealed();
        foreach (var (offset, bits) in new[] { (0, 0x80), (1, 0x80), (2, 0x30), (4, 0x02), (6, 0x04) })
        {
            var bad = (byte[])good.Clone();
            bad[offset] ^= (byte)bits;
            var answer = await PostAsync(bad);

            Assert.Equal((400, MediaTypes.ProblemJson), (answer.Status, answer.Headers["content-type"]));
            Assert.Equal("https://iana.org/assignments/http-problem-types#ohttp-key", answer.Json.GetProperty("type").GetString());
        }
    }

    [Fact]
    public async Task Post_WhatDoesNotOpen_IsRefusedWithOneAnswer()
    {
        var good = Sealed(chunkLength: 50);
        byte[] otherPoint = [.. good];
        Sealed()[7..72].CopyTo(otherPoint, 7);
        byte[] offTheCurve = [.. good];
        offTheCurve[71] ^= 1;
        byte[] compressed = [.. good];
        compressed[7] = 2;
        byte[] changed = [.. good];
        changed[80] ^= 1;

        // Chunks are 1 or 2 bytes of length and 66 of ciphertext.
        var first = good[72..(72 + 68)];
        var second = good[(72 + 68)..(72 + (2 * 68))];
        byte[][] bad =
        [
            [],
            good[..1],
            good[..71],
            good[..72],
            good[..100],
            otherPoint,
            offTheCurve,
            compressed,
            changed,
            [.. good[..72], .. second, .. first, .. good[(72 + (2 * 68))..]],
            [.. good[..72], .. second],
            [.. good[..72], 0, .. first[2..]],
            [.. good[..72], 16, .. new byte[16]],
            [.. good[..72], 0x80, 0x10, 0x00, 0x11, .. new byte[100]],
            [.. good[..72], 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            [.. good[..72], 0, .. new byte[(1024 * 1024) + 17]],
            [.. Sealed(OhttpForm.Single)],
        ];
        var answers = new List<HttpAnswer>();
        foreach (var body in bad)
        {
            answers.Add(await PostAsync(body));
        }

        answers.Add(await PostAsync(good, MediaTypes.OhttpRequest));
        Assert.All(answers, answer =>
        {
            Assert.Equal((400, MediaTypes.ProblemJson), (answer.Status, answer.Headers["content-type"]));
            Assert.Equal(answers[0].Body, answer.Body);
            Assert.Equal(answers[0].Headers.Keys.Order(), answer.Headers.Keys.Order());
        });
        Assert.Equal("about:blank", answers[0].Json.GetProperty("type").GetString());
    }

    [Fact]
    public async Task Post_BrokenBehindTheFirstChunk_IsRefusedInside()
    {
        var message = SealedCall.Message("POST", Infer, GoodRequest);
        await AssertRefusedAsync(call => [.. call.Head, .. call.Chunk(message, isFinal: false)]);
        await AssertRefusedAsync(call => [.. call.Head, .. call.Chunk(message.AsSpan(..^1), isFinal: true)]);
        await AssertRefusedAsync(call => [.. call.Head, .. call.Chunk(message.AsSpan(..^30), isFinal: true)]);
        await AssertRefusedAsync(call => [.. call.Head, .. call.Chunk(message.AsSpan(..20), isFinal: true)]);
        await AssertRefusedAsync(call => [.. call.Head, .. call.Chunk([], isFinal: true)]);
        await AssertRefusedAsync(call => [.. call.Head, .. call.Chunk([.. message, 0, 0, 1], isFinal: true)]);
        await AssertRefusedAsync(call =>
        {
            var first = call.Chunk(message.AsSpan(..80), isFinal: false);
            var second = call.Chunk(message.AsSpan(80..160), isFinal: false);
            return [.. call.Head, .. first, .. call.Chunk(message.AsSpan(160..), isFinal: true), .. second];
        });
        await AssertRefusedAsync(call =>
        {
            var first = call.Chunk(message.AsSpan(..80), isFinal: false);
            return [.. call.Head, .. first, .. first, .. call.Chunk(message.AsSpan(80..), isFinal: true)];
        });
        await AssertRefusedAsync(call =>
        {
            var first = call.Chunk(message.AsSpan(..80), isFinal: false);
            return [.. call.Head, .. first, 0x80, 0x10, 0x00, 0x11, .. call.Chunk(message.AsSpan(80..), isFinal: true)];
        });
        await AssertRefusedAsync(call =>
        {
            var first = call.Chunk(message.AsSpan(..80), isFinal: false);
            return [.. call.Head, .. first, .. call.Chunk(message.AsSpan(80..), isFinal: true), 0];
        });
    }

    [Fact]
    public async Task Delete_WithoutItsFinalChunk_IsNotDone()
    {
        Assert.Equal(201, (await Server.UploadAsync("kept", TestModels.Sum)).Status);
        await AssertRefusedAsync(call => [.. call.Head, .. call.Chunk(SealedCall.Message("DELETE", "/v2/models/kept"), isFinal: false)]);
        await AssertRefusedAsync(call => call.Seal(SealedCall.Message("DELETE", "/v2/models/kept", [1])));

        Assert.Contains("kept", await Server.ListAsync());
        Assert.Equal(204, (await Server.SendAsync(HttpMethod.Delete, "/v2/models/kept")).Status);
    }

    [Fact]
    public async Task Post_TheSameAgain_IsServedOnce()
    {
        using var call = new SealedCall(_keys);
        var body = call.Seal(SealedCall.Message("POST", Infer, GoodRequest));

        Assert.Equal(200, (await OpenAsync(call, await PostAsync(body))).Status);
        (await OpenAsync(call, await PostAsync(body))).AssertRefusal(409, ServingCode.RequestReplayed, hasHint: true);

        // Whoever changes the rest has no part of it opened.
        Assert.Equal(MediaTypes.ProblemJson, (await PostAsync([.. body[..^1], 0])).Headers["content-type"]);
    }

    [Fact]
    public async Task Post_TheSameManyTimesAtOnce_IsServedOnce()
    {
        for (var round = 0; round < 10; round++)
        {
            using var call = new SealedCall(_keys);
            var body = call.Seal(SealedCall.Message("POST", Infer, GoodRequest));
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PostAsync(body)));
            var statuses = new List<int>();
            foreach (var answer in answers)
            {
                statuses.Add((await OpenAsync(call, answer)).Status);
            }

            Assert.Equal([200, 409, 409, 409, 409, 409, 409, 409], statuses.Order());
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("-11")]
    [InlineData("11")]
    [InlineData("yesterday")]
    public async Task Post_StaleOrAbsentDate_IsRefused(string? minutes)
    {
        var date = double.TryParse(minutes, CultureInfo.InvariantCulture, out var offset) ? DateTimeOffset.UtcNow.AddMinutes(offset).ToString("r", CultureInfo.InvariantCulture) : minutes ?? "";

        (await CallAsync(SealedCall.Message("GET", "/v2", headers: [("date", date)]))).AssertRefusal(400, ServingCode.RequestStale, hasHint: true);
    }

    [Fact]
    public async Task Post_TwoDates_IsRefused()
    {
        var now = DateTimeOffset.UtcNow.ToString("r", CultureInfo.InvariantCulture);

        (await CallAsync(SealedCall.Message("GET", "/v2", headers: [("date", now), ("date", now)]))).AssertRefusal(400, ServingCode.RequestStale);
    }

    [Theory]
    [InlineData("http", "localhost", "/v2")]
    [InlineData("https", "localhost:8443", "/v2")]
    [InlineData("https", "other.example", "/v2")]
    [InlineData("https", "", "/v2")]
    [InlineData("https", "localhost", Routes.SealedRequests)]
    [InlineData("https", "localhost", "/BlindAI/Sealed/")]
    [InlineData("https", "localhost", "/blindai/se%61led?x")]
    [InlineData("https", "localhost", Routes.SealedRequestKeys)]
    [InlineData("https", "localhost", Routes.Attestation)]
    [InlineData("https", "localhost", "/%2Ewell-known/blindai/attestation")]
    public async Task Post_ForbiddenTarget_IsRefused(string scheme, string authority, string path)
    {
        (await CallAsync(SealedCall.Message("POST", path, "{}"u8, scheme: scheme, authority: authority))).AssertRefusal(400, ServingCode.SealedRouteRefused);
        (await CallAsync(SealedCall.Message("GET", path, scheme: scheme, authority: authority))).AssertRefusal(400, ServingCode.SealedRouteRefused);
    }

    [Theory]
    [InlineData("//localhost/blindai/sealed")]
    [InlineData("/v2/../blindai/sealed")]
    [InlineData("/blindai%2Fsealed")]
    [InlineData("/%2Ewell-known%2Fblindai/attestation")]
    public async Task Post_TargetThatIsNoRoute_IsNotFound(string path) =>
        (await CallAsync(SealedCall.Message("POST", path, "{}"u8))).AssertRefusal(404, ServingCode.RouteNotFound);

    [Fact]
    public async Task Post_AbsoluteTarget_IsRefused() =>
        (await CallAsync(SealedCall.Message("POST", "https://localhost/blindai/sealed", "{}"u8))).AssertRefusal(400, ServingCode.RequestMalformed);

    [Fact]
    public async Task Post_Connect_IsRefused() =>
        (await CallAsync(SealedCall.Message("CONNECT", "/v2"))).AssertRefusal(400, ServingCode.SealedRouteRefused, hasHint: true);

    [Fact]
    public async Task Post_HeadersOutside_AreNotTheRequests()
    {
        using var call = new SealedCall(_keys);
        var answer = await Server.SendAsync(HttpMethod.Post, Routes.SealedRequests, call.Seal(SealedCall.Message("GET", Routes.Models)), MediaTypes.OhttpChunkedRequest, request =>
        {
            request.Headers.Add(HeaderNames.Namespace, "other");
            request.Headers.Add("X-HTTP-Method-Override", "DELETE");
        });

        Assert.Equal(["good"], (await OpenAsync(call, answer)).Json.GetProperty("models").EnumerateArray().Select(name => name.GetString()!));
    }

    [Fact]
    public async Task Post_HeadersInside_AreNotOutside()
    {
        using var call = new SealedCall(_keys);
        var answer = await PostAsync(call.Seal(SealedCall.Message("POST", Infer, GoodRequest)));

        string[] known = ["access-control-allow-origin", "cache-control", "content-type", "content-length", "date", "transfer-encoding"];
        Assert.Empty(answer.Headers.Keys.Except(known, StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Upload_WithoutItsFinalChunk_IsNotDone()
    {
        using var call = new SealedCall(_keys);
        byte[] body = [.. call.Head, .. call.Chunk(SealedCall.Message("PUT", "/v2/models/cut", TestModels.Sum, [("content-type", MediaTypes.Onnx)]), isFinal: false)];

        Assert.Equal(400, (await OpenAsync(call, await PostAsync(body))).Status);
    }

    [Theory]
    [InlineData("connection", "close")]
    [InlineData("keep-alive", "5")]
    [InlineData("proxy-authorization", "Basic eA==")]
    [InlineData("proxy-connection", "close")]
    [InlineData("te", "trailers")]
    [InlineData("transfer-encoding", "chunked")]
    [InlineData("upgrade", "websocket")]
    [InlineData("expect", "100-continue")]
    [InlineData("host", "other.example")]
    [InlineData("content-type", "application/grpc+proto")]
    public async Task Post_ForbiddenHeader_IsRefused(string name, string value) =>
        (await CallAsync(SealedCall.Message("POST", Infer, GoodRequest, [(name, value)]))).AssertRefusal(400, ServingCode.SealedRouteRefused, hasHint: true);

    [Theory]
    [InlineData("content-length", "1")]
    [InlineData(":path", "/v2")]
    [InlineData("Upper", "a")]
    [InlineData("x", "a\r\nb")]
    public async Task Post_BrokenHeader_IsRefused(string name, string value) =>
        (await CallAsync(SealedCall.Message("POST", Infer, GoodRequest, [(name, value)]))).AssertRefusal(400, ServingCode.RequestMalformed);

    [Fact]
    public async Task Post_ServiceNameInOtherCaseAndItsHost_IsAnswered() =>
        Assert.Equal(200, (await CallAsync(SealedCall.Message("GET", "/v2", headers: [("host", "localhost")], authority: "LocalHost"))).Status);

    [Fact]
    public async Task Post_ContentOfExactlyTheLimit_IsAnsweredAndOneByteMoreIsNot()
    {
        var filled = Encoding.UTF8.GetBytes(StrictServer.GoodRequest.PadRight(StrictServer.MaxBytes));

        Assert.Equal(200, (await CallAsync(SealedCall.Message("POST", Infer, filled), chunkLength: 16384)).Status);
        (await CallAsync(SealedCall.Message("POST", Infer, [.. filled, 32]), chunkLength: 16384)).AssertRefusal(413, ServingCode.RequestTooLarge);
    }

    [Fact]
    public async Task Post_CompressedNothing_IsRefusedAtTheLimit()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(new byte[StrictServer.MaxBytes + 1]);
        }

        (await CallAsync(SealedCall.Message("POST", Infer, packed.ToArray(), [("content-encoding", "gzip")]))).AssertRefusal(413, ServingCode.RequestTooLarge);
    }

    [Fact]
    public async Task Post_EndlessCompressedNothing_IsRefusedAtTheLimitOfItsBytes()
    {
        // Members of gzip that hold nothing: what they expand to never reaches a limit.
        byte[] empty = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, .. new byte[8]];
        var nothing = Enumerable.Repeat(empty, 400_000).SelectMany(bytes => bytes).ToArray();
        Assert.True(nothing.Length > 5 * StrictServer.MaxBytes);

        (await CallAsync(SealedCall.Message("POST", Infer, nothing, [("content-encoding", "gzip")]))).AssertRefusal(413, ServingCode.RequestTooLarge);
    }

    [Fact]
    public async Task Post_EndlessPadding_IsRefusedAtTheLimitOfSealedBytes() =>
        (await CallAsync([.. SealedCall.Message("GET", "/v2"), .. new byte[3 * StrictServer.MaxBytes]])).AssertRefusal(413, ServingCode.RequestTooLarge);

    [Fact]
    public async Task Post_StatedLengthOverTheLimit_IsRefusedBeforeTheRestArrives()
    {
        using var call = new SealedCall(_keys);
        using var connection = await RawConnection.OpenAsync(Server.Server.Url);
        await connection.BeginAsync($"POST {Routes.SealedRequests} HTTP/1.1\r\nContent-Type: {MediaTypes.OhttpChunkedRequest}\r\nTransfer-Encoding: chunked");
        await connection.SendChunkAsync(call.Head);
        await connection.SendChunkAsync(call.Chunk(SealedCall.Message("POST", Infer, new byte[StrictServer.MaxBytes + 1]).AsSpan(0, 1000), isFinal: false));

        (await OpenAsync(call, (await connection.ReadAnswerAsync())!)).AssertRefusal(413, ServingCode.RequestTooLarge);
    }

    [Fact]
    public async Task Post_OverPlainHttp_IsRefused()
    {
        using var connection = await RawConnection.OpenPlainAsync(Server.Server.OperationsUrl);
        await connection.SendAsync($"POST {Routes.SealedRequests} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");

        (await connection.ReadAnswerAsync())!.AssertRefusal(404, ServingCode.RouteNotFound, hasHint: true);
    }

    [Fact]
    public async Task Post_Bytes_NeverBreakTheServer()
    {
        for (var round = 0; round < 200; round++)
        {
            var body = RandomNumberGenerator.GetBytes(RandomNumberGenerator.GetInt32(0, 300));
            if (body.Length > 7 && round % 2 == 0)
            {
                Sealed()[..7].CopyTo(body, 0);
            }

            var answer = await PostAsync(body);
            Assert.Equal((400, MediaTypes.ProblemJson), (answer.Status, answer.Headers["content-type"]));
        }
    }

    private byte[] Sealed(OhttpForm form = OhttpForm.Chunked, int chunkLength = OhttpChunkOpener.MaxPlaintextLength)
    {
        using var call = new SealedCall(_keys, form);
        return call.Seal(SealedCall.Message("POST", Infer, GoodRequest), form == OhttpForm.Single ? OhttpChunkOpener.MaxPlaintextLength : chunkLength);
    }

    private async Task AssertRefusedAsync(Func<SealedCall, byte[]> seal)
    {
        using var call = new SealedCall(_keys);
        (await OpenAsync(call, await PostAsync(seal(call)))).AssertRefusal(400, ServingCode.RequestMalformed);
    }

    private async Task<HttpAnswer> CallAsync(byte[] message, OhttpForm form = OhttpForm.Chunked, int chunkLength = OhttpChunkOpener.MaxPlaintextLength)
    {
        using var call = new SealedCall(_keys, form);
        return await OpenAsync(call, await PostAsync(call.Seal(message, chunkLength), form == OhttpForm.Single ? MediaTypes.OhttpRequest : MediaTypes.OhttpChunkedRequest), form);
    }

    private static async Task<HttpAnswer> OpenAsync(SealedCall call, HttpAnswer answer, OhttpForm form = OhttpForm.Chunked)
    {
        Assert.True(answer.Status == 200, $"Status {answer.Status}: {Encoding.UTF8.GetString(answer.Body)}");
        Assert.Equal(form == OhttpForm.Single ? MediaTypes.OhttpResponse : MediaTypes.OhttpChunkedResponse, answer.Headers["content-type"]);
        var (status, headers, content) = await call.OpenAsync(answer.Body, Cancellation);
        return new(status, headers, content);
    }

    private Task<HttpAnswer> PostAsync(byte[] body, string? type = MediaTypes.OhttpChunkedRequest) => Server.SendAsync(HttpMethod.Post, Routes.SealedRequests, body, type);
}
