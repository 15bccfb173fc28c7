using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Tests.Evidence;

namespace BlindAI.Attestation.Tests.AzureVtpm;

/// <summary>The metadata service of a machine of Azure, without a network.</summary>
internal sealed class FakeImds
{
    /// <summary>What was asked: method, URL, the header Metadata, the body.</summary>
    public List<(string Method, string Url, string Metadata, string Body)> Requests { get; } = [];

    public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

    public string Answer { get; set; } = "{}";

    public Exception? Fault { get; set; }

    public AzureImds Service => new(() => new HttpMessageInvoker(new Handler(this)), TimeProvider.System);

    /// <summary>A service that never answers, and a clock that does not wait for it.</summary>
    public static AzureImds Silent => new(() => new HttpMessageInvoker(new SilentHandler()), new ImpatientTime());

    public static string CertificatesAnswer(params IReadOnlyList<string> names)
    {
        var texts = names.Select(name =>
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1));
            return certificate.ExportCertificatePem().ReplaceLineEndings("\\n") + "\\n";
        }).ToList();
        return $$"""{"vcekCert":"{{texts[0]}}","tcbm":"0","certificateChain":"{{string.Concat(texts.Skip(1))}}","cacheControl":"86400"}""";
    }

    private sealed class Handler(FakeImds imds) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
            imds.Requests.Add((request.Method.Method, request.RequestUri!.ToString(), request.Headers.GetValues("Metadata").Single(), body));
            return imds.Fault is null ? new(imds.Status) { Content = new StringContent(imds.Answer) } : throw imds.Fault;
        }
    }

    private sealed class SilentHandler : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Delay(System.Threading.Timeout.Infinite, cancellationToken);
            throw new InvalidOperationException();
        }
    }
}
