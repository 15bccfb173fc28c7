using System.Net.Security;
using System.Security.Authentication;

namespace BlindAI.Bench.Engine.Contenders;

/// <summary>HTTP as every contender's client speaks it: TLS 1.3, connections that stay, no proxy.</summary>
/// <remarks>Any certificate will do: these clients measure servers on loopback and trust nobody with anything. The SDK's client verifies.</remarks>
internal static class Http
{
    public static SocketsHttpHandler MakeHandler() => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(10),
        InitialHttp2StreamWindowSize = 8 << 20,
        SslOptions = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls13,
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
        },
    };

    public static HttpClient MakeClient(Uri server) => new(MakeHandler()) { BaseAddress = server, Timeout = TimeSpan.FromMinutes(5) };
}
