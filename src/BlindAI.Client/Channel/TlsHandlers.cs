using System.Net.Security;
using System.Security.Authentication;

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
        SslOptions = new()
        {
            EnabledSslProtocols = SslProtocols.Tls13,
            AllowTlsResume = false,
            AllowRenegotiation = false,
            CertificateRevocationCheckMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
            CertificateChainPolicy = new() { DisableCertificateDownloads = true, RevocationMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck },
            RemoteCertificateValidationCallback = validate,
        },
    };
}
