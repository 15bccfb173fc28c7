using System.Net;
using System.Text;
using BlindAI.Attestation;
using BlindAI.Client;

namespace BlindAI.EndToEnd.Tests;

/// <summary>A proxy that ends TLS, as companies run them: nginx between client and enclave.</summary>
public sealed class TlsProxyTests(StrictServer server) : BadInputTest(server), IClassFixture<StrictServer>
{
    private const string Mark = "marked-by-the-test-5d1f";

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
}
