using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Simulation;
using BlindAI.Protocol;
using BlindAI.Protocol.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BlindAI.Cli.Tests;

/// <summary>A server that proves itself as a simulation does, and answers everything else as a test tells it to.</summary>
internal sealed class SimulatedServer : IAsyncDisposable
{
    private readonly SimulationAttester _attester = new();

    private readonly ECDsa _tlsKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private readonly X509Certificate2 _certificate;

    private readonly WebApplication _app;

    private SimulatedServer(string? evidenceType, TeeEvidence? evidence)
    {
        _certificate = new CertificateRequest("CN=localhost", _tlsKey, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, port => port.UseHttps(_certificate)));
        _app = builder.Build();
        _app.MapPost(Routes.Attestation, context => AttestAsync(context, evidenceType, evidence));
    }

    /// <summary>Items that come after the first.</summary>
    public IReadOnlyList<TeeEvidence> More { get; set; } = [];

    public string Url => _app.Urls.Single();

    public Sha256Digest SimulationKey => _attester.Key;

    /// <summary>What every other request was.</summary>
    public List<string> Requests { get; } = [];

    /// <param name="answer">Answers what is not about attestation; without it the server has no such paths.</param>
    /// <param name="evidenceType">The type that the evidence claims to be, when it is not that of a simulation.</param>
    /// <param name="evidence">Evidence to show in the place of the simulation's; it knows nothing of the claims.</param>
    public static async Task<SimulatedServer> StartAsync(RequestDelegate? answer = null, string? evidenceType = null, TeeEvidence? evidence = null)
    {
        var server = new SimulatedServer(evidenceType, evidence);
        server._app.MapFallback(context =>
        {
            lock (server.Requests)
            {
                server.Requests.Add($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
            }

            context.Response.StatusCode = answer is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK;
            return answer?.Invoke(context) ?? Task.CompletedTask;
        });
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
        _tlsKey.Dispose();
        _attester.Dispose();
    }

    private async Task AttestAsync(HttpContext context, string? evidenceType, TeeEvidence? other)
    {
        using var request = await JsonDocument.ParseAsync(context.Request.Body);
        StrictBase64Url.TryDecode(Encoding.ASCII.GetBytes(request.RootElement.GetProperty("nonce").GetString()!), out var nonce);
        var claims = new Claims
        {
            Nonce = Nonce.Parse(nonce),
            IssuedAt = 1_700_000_000,
            TlsKey = Sha256Digest.OfPublicKey(_tlsKey),
            ReceiptKey = Sha256Digest.Of("receipt key"u8),
            Instance = new byte[Claims.InstanceLength],
            Service = "localhost",
            Configuration = new TrustConfiguration().Digest,
            Epoch = 1,
        }.Encode();
        var evidence = await _attester.AttestAsync(ReportData.ForClaims(claims), Nonce.Parse(nonce), context.RequestAborted);
        var value = new EvidenceObject { EncodedClaims = claims, Evidence = [other ?? (evidenceType is null ? evidence : new(evidenceType, evidence.Data)), .. More] };
        await context.Response.Body.WriteAsync(EvidenceObjectJson.Encode(value));
    }
}
