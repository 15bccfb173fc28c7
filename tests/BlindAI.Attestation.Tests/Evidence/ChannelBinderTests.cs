using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation.Evidence;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Evidence;

/// <summary>Binders of real TLS connections.</summary>
public sealed class ChannelBinderTests
{
    [Fact]
    public async Task Take_BothEndsOfOneConnection_Agree()
    {
        var (client, server) = await HandshakeAsync(SslProtocols.Tls13);

        Assert.NotNull(client);
        Assert.Equal(ChannelBinderType.Finished, client.Type);
        Assert.Equal(server, client);
    }

    [Fact]
    public async Task Take_TwoConnectionsToOneServer_Differ()
    {
        var (first, _) = await HandshakeAsync(SslProtocols.Tls13);
        var (second, _) = await HandshakeAsync(SslProtocols.Tls13);

        Assert.NotEqual(first, second);
    }

    [Fact]
    public async Task Take_OlderTls_IsNone()
    {
        // Its Finished has 12 bytes, and a resumed session could repeat it (the triple handshake attack).
        var (client, server) = await HandshakeAsync(SslProtocols.Tls12);

        Assert.Null(client);
        Assert.Null(server);
    }

    private static async Task<(ChannelBinder? Client, ChannelBinder? Server)> HandshakeAsync(SslProtocols version)
    {
        using var enclave = new ForgedEnclave();
        using var certificate = X509CertificateLoader.LoadPkcs12(enclave.Certificate.Export(X509ContentType.Pkcs12), null);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var dialled = new TcpClient();
        await dialled.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
        using var accepted = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await using var client = new SslStream(dialled.GetStream());
        await using var server = new SslStream(accepted.GetStream());
        await Task.WhenAll(
            server.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate, EnabledSslProtocols = version }, TestContext.Current.CancellationToken),
            client.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = version, RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.GetRawCertData().AsSpan().SequenceEqual(certificate.RawData) },
                TestContext.Current.CancellationToken));
        return (ChannelBinder.Take(client), ChannelBinder.Take(server));
    }
}
