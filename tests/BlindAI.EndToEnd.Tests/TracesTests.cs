using System.Net;
using System.Net.Sockets;
using BlindAI.Client;
using BlindAI.Examples.Quickstart;
using BlindAI.OnnxWriter;
using BlindAI.Protocol;
using BlindAI.Protocol.Tensors;
using BlindAI.Protocol.Wire;
using BlindAI.Testing;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Traces as a collector gets them from a real server.</summary>
public sealed class TracesTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    private const string SpanId = "b7ad6b7169203331";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ChannelMode.Gated, "http/")]
    [InlineData(ChannelMode.Sealed, "sealed")]
    public async Task Run_CollectorConfigured_GetsASpanForEachRequestAndStage(ChannelMode channel, string transport)
    {
        await using var collector = new LoopbackCollector();
        await using var server = await SimulationServer.StartAsync([$"--Telemetry:OtlpEndpoint={collector.Url}"]);
        await RunAsync(server, channel);
        Assert.Equal(0, await server.StopAsync());

        // The model that is missing is found to be so before the request is read to its end.
        var roots = collector.Spans.Where(span => span.Name == "infer").ToList();
        Assert.Equal(["0", $"{(int)ServingCode.ModelNotFound}"], roots.Select(span => span.Attributes["blindai.code"]).Order());
        var answered = roots.Single(span => span.Attributes["blindai.code"] == "0");
        Assert.Equal(["compute", "decode", "encode", "queue"], collector.Spans.Where(span => span.ParentSpanId == answered.SpanId).Select(span => span.Name).Order());
        Assert.Equal(("1", "16", "16"), (answered.Attributes["blindai.batch_size"], answered.Attributes["blindai.request_bytes"], answered.Attributes["blindai.response_bytes"]));
        Assert.StartsWith(transport, answered.Attributes["blindai.transport"], StringComparison.Ordinal);
        Assert.All(collector.Spans, span => Assert.Equal((0, 0), (span.Start % 1_000_000, span.End % 1_000_000)));
        Assert.All(collector.Requests, request => Assert.DoesNotContain("identity-model", request.Body, StringComparison.Ordinal));
        Assert.All(collector.Requests, request => Assert.Contains("\"blindai.tee\",\"value\":{\"stringValue\":\"simulation\"}", request.Body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Infer_Grpc_HasASpanForEachCallAndForEachRequestOfAStream()
    {
        await using var collector = new LoopbackCollector();
        await using var server = await SimulationServer.StartAsync([$"--Telemetry:OtlpEndpoint={collector.Url}"]);
        await using (var client = await BlindAIClient.ConnectAsync(server.Url, Policies.For(server), cancellationToken: Cancellation))
        {
            await client.UploadModelAsync("identity-model", new MemoryStream(TestModels.Identity(OnnxType.Float)), cancellationToken: Cancellation);
        }

        var (good, missing) = (GrpcRequest("identity-model"), GrpcRequest("none"));
        await CallAsync(server, "ModelInfer", good, "0");
        await CallAsync(server, "ModelInfer", missing, "5");
        await CallAsync(server, "ModelStreamInfer", [.. good, .. missing, .. good], "0");
        await server.StopAsync();

        var missingCode = $"{(int)ServingCode.ModelNotFound}";
        var roots = collector.Spans.Where(span => span.Name == "infer").ToList();
        Assert.Equal(["0", missingCode, "0", missingCode, "0"], roots.Select(span => span.Attributes["blindai.code"]));
        Assert.All(roots, root => Assert.Equal("http/2", root.Attributes["blindai.transport"]));
        Assert.All(roots, root => Assert.Equal(root.Attributes["blindai.code"] == "0" ? 4 : 1, collector.Spans.Count(span => span.ParentSpanId == root.SpanId)));
    }

    [Fact]
    public async Task Run_ModelNamesConfigured_NamesTheModel()
    {
        await using var collector = new LoopbackCollector();
        await using var server = await SimulationServer.StartAsync([$"--Telemetry:OtlpEndpoint={collector.Url}", "--Telemetry:ModelNames=true"]);
        await RunAsync(server);
        await server.StopAsync();

        Assert.Contains(collector.Spans, span => span.Attributes.GetValueOrDefault("blindai.model") == "identity-model");
    }

    [Fact]
    public async Task Infer_TraceParent_BecomesTheParent()
    {
        await using var collector = new LoopbackCollector();
        await using var server = await SimulationServer.StartAsync([$"--Telemetry:OtlpEndpoint={collector.Url}"]);
        using var http = Http(server);
        foreach (var flags in (string[])["01", "00"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v2/models/none/infer") { Content = new StringContent("{}") };
            request.Headers.Add("traceparent", $"00-{TraceId}-{SpanId}-{flags}");
            request.Headers.Add("tracestate", "vendor=secret");
            using var answer = await http.SendAsync(request, Cancellation);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        await server.StopAsync();
        var root = Assert.Single(collector.Spans, span => span.Name == "infer");
        Assert.Equal((TraceId, SpanId), (root.TraceId, root.ParentSpanId));
        Assert.All(collector.Requests, request => Assert.DoesNotContain("secret", request.Body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_DisableVariable_WinsOverTheConfiguration()
    {
        await using var collector = new LoopbackCollector();
        await using var server = await SimulationServer.StartAsync([$"--Telemetry:OtlpEndpoint={collector.Url}"], configure: start => start.Environment["BLINDAI_DISABLE_TELEMETRY"] = "1");
        await RunAsync(server);
        Assert.Equal(0, await server.StopAsync());

        Assert.Empty(collector.Requests);
        Assert.Contains(server.Log, line => line.Contains("BLINDAI_DISABLE_TELEMETRY", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_CollectorThatIsDownOrNeverAnswers_HarmsNoRequest(bool isDown)
    {
        await using var collector = new LoopbackCollector(status: null);
        using var nobody = new TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        var url = isDown ? new Uri($"http://{nobody.LocalEndpoint}") : collector.Url;
        nobody.Stop();
        await using var server = await SimulationServer.StartAsync([$"--Telemetry:OtlpEndpoint={url}"]);

        await RunAsync(server, count: 200);

        Assert.Equal(0, await server.StopAsync());
        Assert.Contains(server.Log, line => line.Contains("The collector does not take traces", StringComparison.Ordinal));
    }

    private static HttpClient Http(SimulationServer server) => new(new SocketsHttpHandler
    {
        ActivityHeadersPropagator = null,
#pragma warning disable CA5359 // The tester knows whom he asks.
        SslOptions = new() { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
    })
    { BaseAddress = server.Url };

    // A framed ModelInferRequest of three floats.
    private static byte[] GrpcRequest(string model)
    {
        var message = ProtobufWriter.Encode(model, static (writer, model) =>
        {
            writer.WriteString(1, model);
            writer.WriteMessage(5, 0, static (input, _) =>
            {
                input.WriteString(1, "x");
                input.WriteString(2, "FP32");
                input.WritePacked(3, [3]);
            });
            writer.WriteBytes(7, new byte[12]);
        });
        return [0, 0, 0, 0, (byte)message.Length, .. message];
    }

    private static async Task CallAsync(SimulationServer server, string method, byte[] body, string status)
    {
        using var http = Http(server);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/inference.GRPCInferenceService/{method}")
        {
            Content = new ByteArrayContent(body),
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Content.Headers.ContentType = new("application/grpc");
        request.Headers.Add("te", "trailers");
        using var answer = await http.SendAsync(request, Cancellation);
        var headers = answer.Headers.Contains("grpc-status") ? answer.Headers : answer.TrailingHeaders;
        Assert.Equal(status, headers.GetValues("grpc-status").Single());
    }

    private static async Task RunAsync(SimulationServer server, ChannelMode channel = ChannelMode.Gated, int count = 1)
    {
        await using var client = await BlindAIClient.ConnectAsync(server.Url, Policies.For(server), new() { Channel = channel }, Cancellation);
        await client.UploadModelAsync("identity-model", new MemoryStream(TestModels.Identity(OnnxType.Float)), cancellationToken: Cancellation);
        var inputs = new Dictionary<string, Tensor> { ["x"] = Tensor.From([1f, 2f, 3f], 3) };
        for (var index = 0; index < count; index++)
        {
            var answer = await client.RunAsync("identity-model", inputs, cancellationToken: Cancellation);
            Assert.Equal([1f, 2f, 3f], answer["y"].ToArray<float>());
        }

        await Assert.ThrowsAsync<ServingException>(() => client.RunAsync("none", inputs, cancellationToken: Cancellation));
    }
}
