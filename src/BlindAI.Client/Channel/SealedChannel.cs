using System.IO.Pipelines;
using System.Net;
using System.Text.Json;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Protocol;
using BlindAI.Protocol.Ohttp;

namespace BlindAI.Client.Channel;

/// <summary>Sealed mode: somebody ends TLS on the way and is trusted with nothing. Each request is sealed to the key that the enclave has proved, and only what it sealed is an answer.</summary>
/// <remarks>
/// Source: docs/wire-protocol.md, clause 10. Whoever stands on the way sees that a request was sent, when, and how many bytes; nothing of the inner request, not even its path, is
/// outside of the seal. He can withhold, delay and cut, and what he says in clear decides nothing but that the request failed.
/// </remarks>
internal sealed class SealedChannel : IRequestChannel
{
    private const int MaxProblemLength = 4096;

    // RFC 9458, section 5.3.
    private const string KeyProblem = "https://iana.org/assignments/http-problem-types#ohttp-key";

    private readonly Uri _endpoint;

    private readonly string _service;

    private readonly EvidenceExchange _exchange;

    private readonly BlindAIClientOptions _options;

    private readonly RenewedProof<SealedProof> _proof;

    private readonly HttpMessageInvoker _http;

    private SealedChannel(Uri server, AttestationPolicy policy, RenewedProof<SealedProof> proof, EvidenceExchange exchange, BlindAIClientOptions options)
    {
        _endpoint = new(server, Routes.SealedRequests);
        _service = policy.Service;
        _proof = proof;
        _exchange = exchange;
        _options = options;
        var handler = TlsHandlers.CreateForProxies(options.ConnectTimeout);
        handler.MaxConnectionsPerServer = options.MaxConnections;
        _http = new(handler);
    }

    /// <inheritdoc/>
    public VerifiedEnclave Enclave => _proof.Newest.Enclave;

    /// <inheritdoc/>
    public EvidenceTranscript Transcript => _exchange.Transcript;

    /// <summary>Verifies a server and opens the channel to it.</summary>
    /// <exception cref="AttestationException">The server was refused.</exception>
    public static async Task<SealedChannel> OpenAsync(Uri server, AttestationPolicy policy, EvidenceExchange exchange, BlindAIClientOptions options, CancellationToken cancellationToken)
    {
        var clock = options.TimeProvider;
        return new(server, policy, await RenewedProof<SealedProof>.OpenAsync(exchange, clock, (enclave, at) => new(enclave, at, clock), cancellationToken).ConfigureAwait(false), exchange, options);
    }

    /// <summary>Seals a request to a verified enclave and returns the head of what it sealed in answer; the body is read by the caller.</summary>
    /// <exception cref="AttestationException">The proof is too old, or the enclave has another key than was proved and was refused; the request was not carried out.</exception>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.ConnectionLost"/>, <see cref="ServingCode.Overloaded"/>, <see cref="ServingCode.RequestTooLarge"/>: said in clear, by whomever;
    /// <see cref="ServingCode.ResponseMalformed"/>: the answer is not the enclave's.
    /// </exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await _proof.EnsureFreshAsync(cancellationToken).ConfigureAwait(false);
        if (await TrySendAsync(request, cancellationToken).ConfigureAwait(false) is { } answer)
        {
            return answer;
        }

        // Keys are replaced daily, and a replica that restarted has others: nothing of the request was opened.
        await RenewAsync(cancellationToken).ConfigureAwait(false);
        if (request.Content is not (null or IRepeatableContent))
        {
            throw new AttestationException(RejectionCode.EnclaveExpired, "The enclave has another key for sealed requests than this one was sealed to; it was not carried out, and the new key is verified now.",
                "send it again.");
        }

        return await TrySendAsync(request, cancellationToken).ConfigureAwait(false)
            ?? throw new AttestationException(RejectionCode.EnclaveExpired, "The key that was verified just now is not known where the request arrives; it was not carried out.",
                "where a proxy stands in front of several replicas, let it send each client to one of them.");
    }

    /// <inheritdoc/>
    public Task<VerifiedEnclave> RenewAsync(CancellationToken cancellationToken) => _proof.RenewAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _proof.DisposeAsync().ConfigureAwait(false);
        _http.Dispose();
    }

    // Null: the key is not known there.
    private async Task<HttpResponseMessage?> TrySendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var sealer = OhttpRequestSealer.Create(_proof.Newest.Key);
        HttpResponseMessage? outer = null;
        try
        {
            // Nothing of the inner request is a header here.
            using var sealing = new HttpRequestMessage(HttpMethod.Post, _endpoint) { Version = HttpVersion.Version11 };
            sealing.Headers.Add(HeaderNames.Incremental, "?1");
            sealing.Content = new SealedContent(request, sealer, _service, _options.TimeProvider.GetUtcNow(), _options.PadSealedRequests);
            outer = await _http.SendAsync(sealing, cancellationToken).ConfigureAwait(false);
            if (outer.StatusCode == HttpStatusCode.OK && outer.Content.Headers.ContentType?.MediaType == MediaTypes.OhttpChunkedResponse)
            {
                var answer = await OpenAsync(request, outer, sealer, cancellationToken).ConfigureAwait(false);
                outer = null;
                sealer = null;
                return answer;
            }

            return await IsKeyProblemAsync(outer, cancellationToken).ConfigureAwait(false) ? null : throw InClear(outer);
        }
        catch (Exception exception) when (OpenedContent.Explain(exception) is { } explained)
        {
            throw explained;
        }
        finally
        {
            outer?.Dispose();
            sealer?.Dispose();
        }
    }

    private static async Task<HttpResponseMessage> OpenAsync(HttpRequestMessage request, HttpResponseMessage outer, OhttpRequestSealer sealer, CancellationToken cancellationToken)
    {
        var body = PipeReader.Create(await outer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false));
        var message = new BinaryHttpReader(await sealer.ReadResponseAsync(body, cancellationToken).ConfigureAwait(false));
        var head = await message.ReadResponseHeadAsync(cancellationToken).ConfigureAwait(false);
        var inner = new HttpResponseMessage((HttpStatusCode)head.Status) { RequestMessage = request, Content = new OpenedContent(message, outer, sealer) };
        foreach (var (name, value) in head.Headers)
        {
            if (!inner.Headers.TryAddWithoutValidation(name, value))
            {
                inner.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return inner;
    }

    // A claim of whoever answers: it makes this client ask for evidence again, once, and nothing else.
    private static async Task<bool> IsKeyProblemAsync(HttpResponseMessage outer, CancellationToken cancellationToken)
    {
        if (outer.StatusCode != HttpStatusCode.BadRequest || outer.Content.Headers.ContentType?.MediaType != MediaTypes.ProblemJson)
        {
            return false;
        }

        try
        {
            using var problem = JsonDocument.Parse(await BoundedContent.ReadAsync(outer.Content, MaxProblemLength, cancellationToken).ConfigureAwait(false) ?? []);
            return problem.RootElement.ValueKind == JsonValueKind.Object && problem.RootElement.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals(KeyProblem);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // Whoever said it, it was not under the enclave's seal: only the status is told on, and never the text.
    private static Exception InClear(HttpResponseMessage outer) => outer.StatusCode switch
    {
        HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.UnsupportedMediaType => new AttestationException(RejectionCode.SealedRequestsUnsupported,
            $"Sealed requests are not taken there (status {(int)outer.StatusCode}, in clear).", $"have the proxy pass POST {Routes.SealedRequests} on, body and content type untouched."),
        HttpStatusCode.RequestEntityTooLarge => new ServingException(ServingCode.RequestTooLarge, "The sealed request is too large for the server, or for a proxy on the way (status 413, in clear).",
            "compare the limits of both."),
        HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => new ServingException(ServingCode.Overloaded,
            $"The server, or a proxy on the way, takes no more requests now (status {(int)outer.StatusCode}, in clear).", "try again in a while.")
        {
            RetryAfter = outer.Headers.RetryAfter?.Delta,
        },
        _ => new ServingException(ServingCode.ConnectionLost, $"Status {(int)outer.StatusCode} came back in clear, where only a sealed answer counts.",
            "the proxy's log may say more; the request may or may not have been carried out."),
    };
}
