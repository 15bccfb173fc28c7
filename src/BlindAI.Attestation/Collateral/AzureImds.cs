using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.Collateral;

/// <summary>The metadata service of an Azure machine: the certificates of its AMD chip, and quotes of its Intel TD.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 17.8; Microsoft, "Trusted Hardware Identity Management" and the endpoint <c>/acc/tdquote</c>. The service lives on the host: what it says is
/// carried along and trusted by nobody. Never run on Azure.
/// </remarks>
public sealed class AzureImds
{
    private const int MaxBodyLength = 64 * 1024;

    private const string Name = "The machine's metadata service (169.254.169.254)";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private static readonly Uri Certificates = new("http://169.254.169.254/metadata/THIM/amd/certification");

    private static readonly Uri Quotes = new("http://169.254.169.254/acc/tdquote");

    private readonly Func<HttpMessageInvoker> _connect;

    private readonly TimeProvider _clock;

    /// <summary>The service itself, past every proxy.</summary>
    public AzureImds()
        : this(() => new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = Timeout }), TimeProvider.System)
    {
    }

    internal AzureImds(Func<HttpMessageInvoker> connect, TimeProvider clock) => (_connect, _clock) = (connect, clock);

    /// <summary>The VCEK, ASK and ARK certificates of the chip, as endorsements.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>.</exception>
    internal async ValueTask<IReadOnlyDictionary<string, ReadOnlyMemory<byte>>> FetchCertificatesAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Certificates);
        var body = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        return Parse(body, answer =>
        {
            var leaf = Pem.ReadCertificates(Text(answer, "vcekCert"));
            var chain = Pem.ReadCertificates(Text(answer, "certificateChain"));
            return leaf.Count == 1 && chain.Count == 2
                ? new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal)
                {
                    [EndorsementName.Leaf] = leaf[0].Encoded,
                    [EndorsementName.Ask] = chain[0].Encoded,
                    [EndorsementName.Ark] = chain[1].Encoded,
                }
                : throw new FormatException();
        });
    }

    /// <summary>A quote over a TD report.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EvidenceUnavailable"/>.</exception>
    internal async ValueTask<byte[]> FetchQuoteAsync(ReadOnlyMemory<byte> tdReport, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Quotes)
        {
            Content = new ByteArrayContent(Encoding.ASCII.GetBytes($$"""{"report":"{{StrictBase64Url.Encode(tdReport.Span)}}"}""")) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        var body = await SendAsync(request, cancellationToken).ConfigureAwait(false);

        // The service may pad.
        return Parse(body, answer => StrictBase64Url.TryDecode(Text(answer, "quote").AsSpan().TrimEnd((byte)'='), out var quote) && quote.Length > 0 ? quote : throw new FormatException());
    }

    private static byte[] Text(JsonElement answer, string member) => Encoding.UTF8.GetBytes(answer.GetProperty(member).GetString() ?? throw new FormatException());

    private static T Parse<T>(byte[] body, Func<JsonElement, T> read)
    {
        try
        {
            using var answer = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 8 });
            return read(answer.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or FormatException or KeyNotFoundException or InvalidOperationException or AttestationException)
        {
            throw DeviceFault.Unavailable($"{Name} gave another answer than the one that was asked for.", "use a newer version of this software.", exception);
        }
    }

    private async ValueTask<byte[]> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Add("Metadata", "true");
        using var late = new CancellationTokenSource(Timeout, _clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            using var connection = _connect();
            using var response = await connection.SendAsync(request, limit.Token).ConfigureAwait(false);
            Reject.Unless(response.StatusCode == HttpStatusCode.OK, RejectionCode.EvidenceUnavailable, $"{Name} answered {(int)response.StatusCode}.", "try again; it limits how often it is asked.");
            using var stream = await response.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
            var body = new byte[MaxBodyLength + 1];
            var length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, limit.Token).ConfigureAwait(false);
            Reject.Unless(length <= MaxBodyLength, RejectionCode.EvidenceUnavailable, $"{Name} answered with more than {MaxBodyLength} bytes.");
            return body[..length];
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw DeviceFault.Unavailable($"{Name} gave no answer in {Timeout.TotalSeconds} s.", "try again.", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw DeviceFault.Unavailable($"{Name} cannot be reached.", "let this machine reach it: no firewall rule of the guest may stand in between.", exception);
        }
    }
}
