using System.Net;
using System.Text;
using BlindAI.Attestation;
using BlindAI.Client;
using BlindAI.Protocol;
using BlindAI.Protocol.Models;
using BlindAI.Protocol.Tensors;

namespace BlindAI.EndToEnd.Tests;

/// <summary>A proxy that ends TLS, as companies run them: nginx between client and enclave.</summary>
public sealed class TlsProxyTests(StrictServer server) : BadInputTest(server), IClassFixture<StrictServer>
{
    private const string Mark = "marked-by-the-test-5d1f";

    private const float MarkedNumber = 1.7654321e17f;

    [Fact]
    public async Task Proxy_PlainRequest_IsReadAndWrittenDown()
    {
        // Without this, the tests that search the proxy's log for nothing would find nothing in an empty one.
        await using var proxy = await TlsProxy.StartAsync(Server.Server.Url);
#pragma warning disable CA5359 // The tester looks at the proxy, not at who he is.
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = new() { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
#pragma warning restore CA5359
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(proxy.Url, $"/v2/models/good/infer?{Mark}-1")) { Content = new StringContent(StrictServer.GoodRequest, Encoding.UTF8) };
        request.Headers.Add("x-any", $"{Mark}-2");

        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains($"{Mark}-1", proxy.Written(), StringComparison.Ordinal);
        Assert.Contains($"{Mark}-2", proxy.Written(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ChannelMode.Pinned, RejectionCode.TlsKeyMismatch)]
    [InlineData(ChannelMode.Gated, RejectionCode.GateUnsupported)]
    public async Task Connect_ThroughAProxyThatEndsTls_IsRefused(ChannelMode channel, RejectionCode expected)
    {
        await using var proxy = await TlsProxy.StartAsync(Server.Server.Url);

        var refusal = await Assert.ThrowsAsync<AttestationException>(() =>
            BlindAIClient.ConnectAsync(proxy.Url, Policies.For(Server.Server), new() { Channel = channel }, TestContext.Current.CancellationToken));

        Assert.Equal(expected, refusal.Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Run_SealedThroughAProxyThatEndsTls_IsServedAndTheProxyLearnsNothing(bool isPadded)
    {
        await using var proxy = await TlsProxy.StartAsync(Server.Server.Url);
        var options = new BlindAIClientOptions { Channel = ChannelMode.Sealed, PadSealedRequests = isPadded, Namespace = NamespaceName.Parse($"{Mark}-space{isPadded}") };
        await using var client = await BlindAIClient.ConnectAsync(proxy.Url, Policies.For(Server.Server), options, TestContext.Current.CancellationToken);
        Assert.Null(client.Enclave.TlsKey);

        var model = $"{Mark}-model";
        var uploaded = await client.UploadModelAsync(model, new MemoryStream(TestModels.Sum), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(1, uploaded.Version);
        Assert.Contains((await client.ListModelsAsync(TestContext.Current.CancellationToken)).Details, detail => detail.Name == model);
        var input = Tensor.From([MarkedNumber, MarkedNumber], 1, 2);
        var result = await client.RunAsync(model, new Dictionary<string, Tensor> { ["a"] = input, ["b"] = input }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal([2 * MarkedNumber, 2 * MarkedNumber], result["sum"].ToArray<float>());
        var refusal = await Assert.ThrowsAsync<ServingException>(() => client.GetModelAsync($"{Mark}-absent", cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(ServingCode.ModelNotFound, refusal.Code);
        await client.DeleteModelAsync(model, cancellationToken: TestContext.Current.CancellationToken);

        var written = proxy.Written();
        Assert.Contains($"POST {Routes.SealedRequests}", written, StringComparison.Ordinal);
        foreach (var mark in (string[])[Mark, "/v2", "inputs", "FP32", HeaderNames.Namespace + ": ", Text(BitConverter.GetBytes(MarkedNumber)), Text(BitConverter.GetBytes(2 * MarkedNumber)), Text(TestModels.Sum[..32])])
        {
            Assert.DoesNotContain(mark, written, StringComparison.Ordinal);
        }
    }

    private static string Text(byte[] bytes) => Encoding.Latin1.GetString(bytes);
}
