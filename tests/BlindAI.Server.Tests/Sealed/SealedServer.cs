using System.Net;
using System.Security.Authentication;
using BlindAI.Attestation;
using BlindAI.Attestation.Simulation;
using BlindAI.Protocol;
using BlindAI.Protocol.Configuration;
using BlindAI.Server.Endpoints;
using BlindAI.Server.Hosting;
using BlindAI.Server.Sealed;
using BlindAI.Server.Telemetry;
using BlindAI.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace BlindAI.Server.Tests.Sealed;

/// <summary>Kestrel on a real socket with nothing but sealed requests in front of one endpoint that a test chooses, and a clock that a test moves.</summary>
internal sealed class SealedServer : IAsyncDisposable
{
    private readonly SimulationAttester _attester;

    private readonly EnclaveIdentity _identity;

    private readonly WebApplication _app;

    private SealedServer(SimulationAttester attester, EnclaveIdentity identity, WebApplication app)
    {
        _attester = attester;
        _identity = identity;
        _app = app;
        var handler = new SocketsHttpHandler { UseProxy = false };
#pragma warning disable CA5359 // The tester attacks the server; it sends nothing that anybody could want.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        Http = new(handler) { BaseAddress = new(app.Urls.Single()) };
    }

    public static DateTimeOffset Now { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public HttpClient Http { get; }

    public FakeTimeProvider Clock => (FakeTimeProvider)_app.Services.GetRequiredService<TimeProvider>();

    public ServerMetrics Metrics => _app.Services.GetRequiredService<ServerMetrics>();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<SealedServer> StartAsync(RequestDelegate endpoint, int capacity = 1000, long maxInFlightBytes = 1L << 30)
    {
        var attester = new SimulationAttester();
        var identity = await EnclaveIdentity.CreateAsync("localhost", attester, Sha256Digest.Of("configuration"u8), TimeProvider.System);
        var clock = new FakeTimeProvider(Now);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = identity.Certificate;
                https.SslProtocols = SslProtocols.Tls13;
            }));
        });
        builder.Services
            .AddLogging()
            .AddSingleton<TimeProvider>(clock)
            .AddSingleton(identity)
            .AddSingleton(new TrustConfiguration { MaxInFlightBytes = maxInFlightBytes })
            .AddSingleton<ServerMetrics>()
            .AddSingleton<RequestMemory>()
            .AddSingleton<SealedRequestKeys>()
            .AddSingleton(new ReplayMemory(clock, capacity));
        var app = builder.Build();
        app.UseMiddleware<ErrorAnswers>();
        app.UseMiddleware<SealedRequests>();
        app.Run(endpoint);
        await app.StartAsync(Cancellation);
        return new(attester, identity, app);
    }

    public Task<byte[]> GetKeysAsync() => Http.GetByteArrayAsync(new Uri(Routes.SealedRequestKeys, UriKind.Relative), Cancellation);

    /// <summary>Sends a body, and does not wait for more than the head of the answer.</summary>
    public Task<HttpResponseMessage> PostAsync(HttpContent body, string type = MediaTypes.OhttpChunkedRequest) => SendAsync(body, type, Cancellation);

    /// <summary>As <see cref="PostAsync"/>, for callers that go away.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpContent body, string type, CancellationToken cancellationToken)
    {
        // HTTP/2 alone answers while the request is still being sent.
        using var request = new HttpRequestMessage(HttpMethod.Post, Routes.SealedRequests) { Content = body, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        body.Headers.ContentType = new(type);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    /// <summary>Sends a whole body and opens the whole answer; a status and the code of a refusal, if it is one.</summary>
    public async Task<(int Status, ServingCode? Code)> CallAsync(SealedCall call, byte[] body, string type = MediaTypes.OhttpChunkedRequest)
    {
        using var answer = await PostAsync(new ByteArrayContent(body), type);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var (status, _, content) = await call.OpenAsync(await answer.Content.ReadAsByteArrayAsync(Cancellation), Cancellation);
        return (status, (ServingCode?)ErrorBody.TryParse(content)?.Code);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        _identity.Dispose();
        _attester.Dispose();
    }
}
