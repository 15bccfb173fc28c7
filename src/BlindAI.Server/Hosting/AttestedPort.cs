using System.Net;
using System.Security.Authentication;
using BlindAI.Protocol.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace BlindAI.Server.Hosting;

/// <summary>Kestrel as this server runs it: one port whose TLS ends in the TEE, one for operations, and limits on what a peer may hold up.</summary>
internal static class AttestedPort
{
    /// <summary>Longest wait for a request's headers: a peer that trickles them holds a connection no longer.</summary>
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Longest time that a connection may be idle between requests.</summary>
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Most connections, health checks included.</summary>
    private const int MaxConnections = 16384;

    /// <summary>Bytes of an HTTP/2 stream, and of a connection, that may arrive before anybody has read them.</summary>
    private const int StreamWindow = 1024 * 1024;

    private const int ConnectionWindow = 4 * 1024 * 1024;

    public static void Configure(KestrelServerOptions kestrel, ServerSettings settings, EnclaveIdentity identity)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.RequestHeadersTimeout = HeadersTimeout;
        kestrel.Limits.KeepAliveTimeout = IdleTimeout;
        kestrel.Limits.MaxConcurrentConnections = MaxConnections;

        // Windows that hold the largest usual image: with smaller ones the sender waits for leave in the middle of it.
        kestrel.Limits.Http2.InitialStreamWindowSize = StreamWindow;
        kestrel.Limits.Http2.InitialConnectionWindowSize = ConnectionWindow;

        // Every endpoint has its own limit and counts what arrives. The minimum data rate (240 B/s after 5 s) stays: it ends slow bodies.
        kestrel.Limits.MaxRequestBodySize = null;
        Listen(kestrel, settings.ListenUrl, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = identity.Certificate;
                https.SslProtocols = SslProtocols.Tls13;
                https.ClientCertificateMode = ClientCertificateMode.NoCertificate;
                https.HandshakeTimeout = HeadersTimeout;

                // A resumed session would skip the proof of the key that evidence names. Key exchange groups are left to the platform.
                https.OnAuthenticate = static (_, tls) =>
                {
                    tls.AllowTlsResume = false;
                    tls.AllowRenegotiation = false;
                };
            });

            // After TLS and before HTTP.
            listen.Use(http =>
            {
                var gate = listen.ApplicationServices.GetRequiredService<AttestationGate>();
                return connection => gate.PassAsync(connection, http);
            });
        });
        Listen(kestrel, settings.OperationsUrl, listen => listen.Protocols = HttpProtocols.Http1);
    }

    private static void Listen(KestrelServerOptions kestrel, Uri url, Action<ListenOptions> configure)
    {
        if (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address))
        {
            kestrel.Listen(address, url.Port, configure);
        }
        else if (url.IsLoopback)
        {
            // "localhost" on port 0 would be two ports, one for each family.
            kestrel.Listen(IPAddress.Loopback, url.Port, configure);
        }
        else
        {
            throw new ConfigurationException($"{url.Host} is no address to listen on; use an IP address, 0.0.0.0 for all, or localhost.");
        }
    }
}
