using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BlindAI.EndToEnd.Tests;

/// <summary>Certificates that anybody can make for himself.</summary>
internal static class SelfSigned
{
    /// <summary>A certificate for the loopback names, with its key.</summary>
    public static X509Certificate2 Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
