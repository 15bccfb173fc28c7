using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace BlindAI.Client.Channel;

/// <summary>HTTP handlers with everything off that could leak, redirect, resume or decompress.</summary>
/// <remarks>Source: docs/attestation.md, clause 6. No client certificates: TLS 1.3 would send them before the server is verified.</remarks>
internal static class TlsHandlers
{
    public static SocketsHttpHandler Create(RemoteCertificateValidationCallback validate, TimeSpan connectTimeout) => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = connectTimeout,
        SslOptions = CreateTls(validate),
    };

    /// <summary>TLS as every connection has it.</summary>
    public static SslClientAuthenticationOptions CreateTls(RemoteCertificateValidationCallback validate, string? host = null) => new()
    {
        TargetHost = host,
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
        AllowRenegotiation = false,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = new() { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck },
        RemoteCertificateValidationCallback = validate,
    };
}
