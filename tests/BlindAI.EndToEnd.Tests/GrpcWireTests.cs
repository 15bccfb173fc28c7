using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using BlindAI.Examples.Quickstart;
using BlindAI.Protocol;
using BlindAI.Protocol.Wire;

namespace BlindAI.EndToEnd.Tests;

/// <summary>What gRPC libraries never send: bytes of our own choice in HTTP/2.</summary>
public sealed class GrpcWireTests : IAsyncLifetime
{
    private const string Infer = "/inference.GRPCInferenceService/ModelInfer";

    private const string StreamInfer = "/inference.GRPCInferenceService/ModelStreamInfer";

    private readonly StrictServer _strict = new([$"--Limits:MaxRequestBytes={StrictServer.MaxBytes}", $"--Limits:MaxInFlightBytes={5 * StrictServer.MaxBytes}", "--Limits:AttestationsPerSecond=1000"]);

    private static readonly byte[] Good = ProtobufWriter.Encode(0, static (writer, _) =>
    {
        writer.WriteString(1, "good");
        Input(writer, "a");
        Input(writer, "b");
        writer.WriteBytes(7, new byte[8]);
        writer.WriteBytes(7, new byte[8]);
    });

    private readonly HttpClient _http = Client();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _strict.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _strict.DisposeAsync();
    }

    [Fact]
    public async Task Post_RightMessage_IsAnsweredWithTrailers()
    {
        using var response = await SendAsync(Infer, Framed(Good));

        var body = await response.Content.ReadAsByteArrayAsync(Token);
        Assert.Equal("application/grpc", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(0, body[0]);
        Assert.Equal(body.Length - 5, BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(1)));
        Assert.Equal("0", response.TrailingHeaders.GetValues("grpc-status").Single());
    }

    [Fact]
    public async Task Post_MoreThanOneMessage_IsRefusedAndNothingIsHeld()
    {
        for (var round = 0; round < 10; round++)
        {
            await AssertRefusedAsync(await SendAsync(Infer, [.. Framed(Good), 1]), 3, ServingCode.RequestMalformed);
        }

        await AssertNothingIsHeldAsync();
    }

    [Theory]
    [InlineData("", ServingCode.RequestMalformed, 3)]
    [InlineData("00", ServingCode.RequestMalformed, 3)]
    [InlineData("0000000005AA", ServingCode.RequestMalformed, 3)]
    [InlineData("0200000000", ServingCode.RequestMalformed, 3)]
    [InlineData("0100000000", ServingCode.RequestMalformed, 3)]
    [InlineData("00FFFFFFFF", ServingCode.RequestMalformed, 3)]
    [InlineData("007FFFFFFF", ServingCode.RequestTooLarge, 8)]
    [InlineData("000000000108", ServingCode.RequestMalformed, 3)]
    public async Task Post_BrokenFrame_IsRefused(string hex, ServingCode code, int status)
    {
        await AssertRefusedAsync(await SendAsync(Infer, Convert.FromHexString(hex)), status, code);
        await AssertNothingIsHeldAsync();
    }

    [Fact]
    public async Task Post_NotReallyCompressed_IsRefused()
    {
        byte[] message = [1, 0, 0, 0, 3, 1, 2, 3];

        await AssertRefusedAsync(await SendAsync(Infer, message, ("grpc-encoding", "gzip")), 3, ServingCode.RequestMalformed);
        await AssertNothingIsHeldAsync();
    }

    [Fact]
    public async Task Post_OtherEncoding_IsRefusedWithThoseThatAreOffered()
    {
        var response = await SendAsync(Infer, Framed(Good), ("grpc-encoding", "zstd"));

        Assert.Equal("identity,gzip,deflate", response.Headers.GetValues("grpc-accept-encoding").Single());
        await AssertRefusedAsync(response, 12, ServingCode.EncodingUnsupported);
    }

    [Theory]
    [InlineData("/v2/models/none")]
    [InlineData("/inference.GRPCInferenceService/Absent")]
    [InlineData("/absent.Service/Absent")]
    [InlineData("/")]
    public async Task Post_NoSuchMethod_IsUnimplemented(string path)
    {
        var response = await SendAsync(path, Framed(Good));

        Assert.Equal("12", response.Headers.GetValues("grpc-status").Single());
        Assert.Contains(response.Headers.GetValues("blindai-code").Single(), new[] { "724", "725" });
        Assert.Empty(await response.Content.ReadAsByteArrayAsync(Token));
    }

    [Fact]
    public async Task Post_NoGrpc_IsRefusedAsJson()
    {
        (await _strict.SendAsync(HttpMethod.Post, Infer, Framed(Good), MediaTypes.Json)).AssertRefusal(400, ServingCode.RequestMalformed, hasHint: true);

        // gRPC needs HTTP/2, whose trailers carry the status.
        (await _strict.SendAsync(HttpMethod.Post, Infer, Framed(Good), "application/grpc")).AssertRefusal(400, ServingCode.RequestMalformed, hasHint: true);
    }

    [Fact]
    public async Task Post_NotProvedWhereItMustBe_GetsAStatusAndNoBody()
    {
        await using var strict = await SimulationServer.StartAsync(["--Listen:RequireAttestedClients=true"]);

        await AssertRefusedAsync(await SendAsync(Infer, Framed(Good), url: strict.Url), 7, ServingCode.AttestedClientRequired);
        await AssertRefusedAsync(await SendAsync("/grpc.health.v1.Health/Check", Framed([]), url: strict.Url), 7, ServingCode.AttestedClientRequired);
    }

    [Fact]
    public async Task Post_OtherCallsHoldTheMemory_IsRefusedWithATimeToRetry()
    {
        var release = new TaskCompletionSource();
        var large = Framed(new byte[StrictServer.MaxBytes]);
        var held = Enumerable.Range(0, 5).Select(_ => SendAsync(StreamInfer, new HalfContent(large.AsMemory(..^1024), release.Task))).ToList();
        await UntilAsync(metrics => InFlight(metrics) >= 5 * (StrictServer.MaxBytes - 2048));

        var large2 = ProtobufWriter.Encode(0, static (writer, _) =>
        {
            writer.WriteString(1, "good");
            writer.WriteBytes(7, new byte[64 * 1024]);
        });
        var response = await SendAsync(Infer, Framed(large2));

        Assert.Equal("1", response.Headers.GetValues("retry-after").Single());
        await AssertRefusedAsync(response, 8, ServingCode.Overloaded);
        release.SetResult();
        foreach (var call in held)
        {
            (await call).Dispose();
        }

        await AssertNothingIsHeldAsync();
    }

    [Theory]
    [InlineData(Infer)]
    [InlineData(StreamInfer)]
    public async Task Post_MessageThatStopsHalfWay_IsEnded(string path)
    {
        var never = new TaskCompletionSource();

        await AssertRefusedAsync(await SendAsync(path, new HalfContent(Framed(Good).AsMemory(..20), never.Task)), 4, ServingCode.DeadlineExceeded);

        never.SetResult();
        await AssertNothingIsHeldAsync();
    }

    [Fact]
    public async Task Post_AnswerThatNobodyReads_IsCutOffAndOthersAreAnswered()
    {
        Assert.Equal(201, (await _strict.UploadAsync("wide", TestModels.Widen)).Status);
        var message = ProtobufWriter.Encode(0, static (writer, _) =>
        {
            writer.WriteString(1, "wide");
            writer.WriteMessage(5, 0, static (input, _) =>
            {
                input.WriteString(1, "times");
                input.WriteString(2, "INT64");
                input.WritePacked(3, [1]);
            });
            writer.WriteBytes(7, BitConverter.GetBytes(1_000_000L));
        });
        var before = 0L;
        await UntilAsync(metrics =>
        {
            before = Late(metrics);
            return true;
        });
        using var response = await SendAsync(Infer, Framed(message));

        // Other tests of this server are late too.
        await UntilAsync(metrics => Late(metrics) > before);

        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync(Token));
        using var other = await SendAsync(Infer, Framed(Good));
        await other.Content.ReadAsByteArrayAsync(Token);
        Assert.Equal("0", other.TrailingHeaders.GetValues("grpc-status").Single());
        await AssertNothingIsHeldAsync();
    }

    private static long Late(string metrics) => metrics.Split('\n').Where(line => line.StartsWith("blindai_refused_total{code=\"721\"} ", StringComparison.Ordinal))
        .Select(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture)).FirstOrDefault();

    private static void Input(ProtobufWriter writer, string name) => writer.WriteMessage(5, name, static (input, name) =>
    {
        input.WriteString(1, name);
        input.WriteString(2, "FP32");
        input.WritePacked(3, [1, 2]);
    });

    private static byte[] Framed(byte[] message)
    {
        var framed = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed, 5);
        return framed;
    }

    private static HttpClient Client()
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
#pragma warning disable CA5359 // The tester attacks the server; it sends nothing that anybody could want.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        return new(handler) { Timeout = RawConnection.Limit };
    }

    private static async Task AssertRefusedAsync(HttpResponseMessage response, int status, ServingCode code)
    {
        using (response)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("application/grpc", response.Content.Headers.ContentType?.ToString());
            Assert.Empty(await response.Content.ReadAsByteArrayAsync(Token));
            var headers = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
            Assert.Equal(
                ($"{status}", $"{(int)code}"),
                (headers.GetValues("grpc-status").Single(), headers.TryGetValues("blindai-code", out var codes) ? codes.Single() : headers.ToString()));
            Assert.NotEmpty(headers.GetValues("grpc-message").Single());
        }
    }

    private static long InFlight(string metrics) =>
        long.Parse(metrics.Split('\n').Single(line => line.StartsWith("blindai_in_flight_bytes ", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);

    private Task AssertNothingIsHeldAsync() => UntilAsync(metrics => InFlight(metrics) == 0);

    private async Task UntilAsync(Func<string, bool> holds)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(RawConnection.Limit);
        using var operations = new HttpClient();
        while (!holds(await operations.GetStringAsync(new Uri(_strict.Server.OperationsUrl, "/metrics"), limit.Token)))
        {
            await Task.Delay(20, limit.Token);
        }
    }

    private Task<HttpResponseMessage> SendAsync(string path, byte[] body, (string Name, string Value)? header = null, Uri? url = null) => SendAsync(path, new ByteArrayContent(body), header, url);

    private async Task<HttpResponseMessage> SendAsync(string path, HttpContent content, (string Name, string Value)? header = null, Uri? url = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(url ?? _strict.Server.Url, path))
        {
            Content = content,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        content.Headers.ContentType = new("application/grpc");
        request.Headers.Add("te", "trailers");
        if (header is { } extra)
        {
            request.Headers.Add(extra.Name, extra.Value);
        }

        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
    }

    /// <summary>Sends a part, and then nothing until it is told to end.</summary>
    private sealed class HalfContent(ReadOnlyMemory<byte> part, Task end) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(part, cancellationToken);
            await stream.FlushAsync(cancellationToken);
            await end.WaitAsync(cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
