using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation.Policy;
using BlindAI.Attestation.Simulation;
using BlindAI.Server.Hosting;
using Microsoft.AspNetCore.Builder;

namespace BlindAI.EndToEnd.Tests;

/// <summary>The genuine server, run inside the test's own process: a process of its own tells nobody its TLS key, and some attackers must have it.</summary>
internal sealed class ServerInside : IAsyncDisposable
{
    private readonly WebApplication _app;

    private readonly EnclaveIdentity _identity;

    private readonly SimulationAttester _attester;

    private ServerInside(WebApplication app, EnclaveIdentity identity, SimulationAttester attester) => (_app, _identity, _attester) = (app, identity, attester);

    /// <summary>The attested port.</summary>
    public Uri Url => new(_app.Urls.Single(url => url.StartsWith(Uri.UriSchemeHttps, StringComparison.Ordinal)));

    /// <summary>The certificate with its private key: what a thief of the TLS key holds.</summary>
    public X509Certificate2 StolenCertificate => _identity.Certificate;

    /// <summary>A policy that pins this server's simulation key.</summary>
    public AttestationPolicy Policy(string members = "\"otherModels\": \"allow\"") => Policies.ForKey(_attester.Key.ToString(), members: members);

    /// <summary>Starts a server on a free loopback port.</summary>
    public static async Task<ServerInside> StartAsync(params IEnumerable<string> arguments)
    {
        var settings = ServerCommand.Parse(["--simulation", "--Listen:Url=https://127.0.0.1:0", "--Listen:OperationsUrl=http://127.0.0.1:0", "--Logging:Level=Error", .. arguments]).Settings;
        var attester = new SimulationAttester();
        var identity = await EnclaveIdentity.CreateAsync("localhost", attester, settings.Trust.Digest, TimeProvider.System);
        var app = ServerHost.Build(settings, attester, identity);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new(app, identity, attester);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _identity.Dispose();
        _attester.Dispose();
    }
}
