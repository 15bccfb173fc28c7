using System.Diagnostics;
using System.Net;
using BlindAI.Attestation;

namespace BlindAI.Server.Telemetry.Traces;

/// <summary>The collector that gets the spans: one POST for a batch, whose answer is only its status.</summary>
/// <remarks>No proxy, redirect, cookie or header of ours beyond the content type; the address comes from the configuration alone.</remarks>
internal sealed class TraceCollector : IDisposable
{
    /// <summary>Longest time for a batch.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = Timeout,
        MaxConnectionsPerServer = 1,
        MaxResponseDrainSize = 16 * 1024,
        MaxResponseHeadersLength = 16,
    });

    private readonly Uri _url;
    private readonly TeeKind _tee;
    private readonly TimeProvider _clock;

    /// <param name="endpoint">Where the collector is; it takes traces at <c>/v1/traces</c>.</param>
    /// <param name="tee">What this server runs in.</param>
    /// <param name="clock">The clock.</param>
    public TraceCollector(Uri endpoint, TeeKind tee, TimeProvider clock) => (_url, _tee, _clock) = (new Uri(endpoint, "/v1/traces"), tee, clock);

    /// <summary>Sends spans; null when the collector took them, otherwise why not.</summary>
    public async Task<string?> SendAsync(IReadOnlyList<Activity> spans, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Timeout, _clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, _url) { Content = new ByteArrayContent(OtlpJson.Encode(spans, _tee)) };
        request.Content.Headers.ContentType = new("application/json");
        try
        {
            using var answer = await _http.SendAsync(request, limit.Token);
            return answer.IsSuccessStatusCode ? null : $"HTTP status {(int)answer.StatusCode}";
        }
        catch (HttpRequestException exception)
        {
            return exception.HttpRequestError.ToString();
        }
        catch (OperationCanceledException)
        {
            return "no answer in time";
        }
    }

    public void Dispose() => _http.Dispose();
}
