using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace BlindAI.EndToEnd.Tests;

/// <summary>A proxy that ends TLS and answers what it likes: it may ask the server, not at all, or twice, and change what it hears.</summary>
internal sealed class LyingProxy : IAsyncDisposable
{
    private readonly WebApplication _app;

    private readonly HttpClient _http;

    private readonly X509Certificate2 _certificate;

    private readonly ConcurrentQueue<HttpAnswer> _answered = new();

    private LyingProxy(Uri server)
    {
        Server = server;
        _certificate = SelfSigned.Create();
#pragma warning disable CA5359 // He asks anybody.
        _http = new(new SocketsHttpHandler { UseProxy = false, SslOptions = new() { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
#pragma warning restore CA5359
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(_certificate);
            });
        });
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>One request as the proxy had it.</summary>
    internal sealed record HeardRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body);

    /// <summary>Whom he asks.</summary>
    public Uri Server { get; set; }

    /// <summary>What he answers to a request, given a way to ask the server.</summary>
    public Func<HeardRequest, Func<Task<HttpAnswer>>, Task<HttpAnswer>> Lie { get; set; } = (_, ask) => ask();

    /// <summary>Where clients connect.</summary>
    public Uri Url => new(_app.Urls.Single());

    /// <summary>All that he was asked.</summary>
    public ConcurrentQueue<HeardRequest> Heard { get; } = new();

    /// <summary>All that he answered.</summary>
    public IReadOnlyCollection<HttpAnswer> Answered => _answered;

    /// <summary>The sealed requests among what he was asked.</summary>
    public IEnumerable<HeardRequest> Sealed => Heard.Where(request => request.Path == Routes.SealedRequests);

    /// <summary>How often evidence was asked for.</summary>
    public int EvidenceCount => Heard.Count(request => request.Path == Routes.Attestation);

    public static async Task<LyingProxy> StartAsync(Uri server)
    {
        var proxy = new LyingProxy(server);
        await proxy._app.StartAsync(TestContext.Current.CancellationToken);
        return proxy;
    }

    /// <summary>Lies about sealed requests alone.</summary>
    public void LieToSealed(Func<Func<Task<HttpAnswer>>, Task<HttpAnswer>> lie) => Lie = (request, ask) => request.Path == Routes.SealedRequests ? lie(ask) : ask();

    /// <summary>No answer: he cuts the connection.</summary>
    public static Task<HttpAnswer> Cut() => Say(0, "", "");

    /// <summary>An answer of his own making.</summary>
    public static Task<HttpAnswer> Say(int status, string type, string body) =>
        Task.FromResult(new HttpAnswer(status, new Dictionary<string, string> { ["content-type"] = type }, System.Text.Encoding.UTF8.GetBytes(body)));

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
        _certificate.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var heard = new HeardRequest(context.Request.Method, context.Request.Path.Value!,
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase), body.ToArray());
        Heard.Enqueue(heard);
        var answer = await Lie(heard, () => AskAsync(heard));
        if (answer.Status == 0)
        {
            context.Abort();
            return;
        }

        _answered.Enqueue(answer);
        context.Response.StatusCode = answer.Status;
        context.Response.ContentLength = answer.Body.Length;
        foreach (var (name, value) in answer.Headers.Where(header => header.Key is "content-type" or "retry-after"))
        {
            context.Response.Headers[name] = value;
        }

        await context.Response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }

    private async Task<HttpAnswer> AskAsync(HeardRequest heard)
    {
        using var request = new HttpRequestMessage(new(heard.Method), new Uri(Server, heard.Path)) { Content = new ByteArrayContent(heard.Body) };
        request.Content.Headers.TryAddWithoutValidation("content-type", heard.Headers["content-type"]);
        using var response = await _http.SendAsync(request);
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key.ToLowerInvariant(), header => string.Join(", ", header.Value));
        return new((int)response.StatusCode, headers, await response.Content.ReadAsByteArrayAsync());
    }
}
