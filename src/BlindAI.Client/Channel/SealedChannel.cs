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

    /// <summary>From this length on a request is sent when the other end has asked for it: who would refuse it does so before.</summary>
    private const long ExpectContinueLength = 1 << 20;

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
    /// <exception cref="AttestationException">The proof is too old and could not be renewed, or the enclave has another key and was refused.</exception>
    /// <exception cref="ServingException">
    /// <see cref="ServingCode.ConnectionLost"/>, <see cref="ServingCode.Overloaded"/>, <see cref="ServingCode.RequestTooLarge"/>: said in clear, by whomever;
    /// <see cref="ServingCode.ResponseMalformed"/>: the answer is not the enclave's.
    /// </exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await _proof.EnsureFreshAsync(cancellationToken).ConfigureAwait(false);
        var proof = _proof.Newest;
        if (await TrySendAsync(request, proof.Key, cancellationToken).ConfigureAwait(false) is { } answer)
        {
            return answer;
        }

        // Somebody says that the key is not known there: true once keys were replaced. New evidence decides, and only a new key has the request sent again.
        if (ReferenceEquals(proof, _proof.Newest))
        {
            await RenewAsync(cancellationToken).ConfigureAwait(false);
        }

        var key = _proof.Newest.Key;
        if (key.PublicKey.Equals(proof.Key.PublicKey))
        {
            throw Lost("The key is said to be unknown where the request arrives, and the enclave has just proved it.", "where a proxy stands in front of several replicas, let it send each client to one of them.");
        }

        if (request.Content is not (null or IRepeatableContent))
        {
            throw Lost("The enclave has another key now, and the content cannot be read again.", "the new key is verified; send the request again.");
        }

        return await TrySendAsync(request, key, cancellationToken).ConfigureAwait(false) ?? throw Lost("The enclave has a new key, which was verified just now and is said to be unknown too.", "try again.");
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
    private async Task<HttpResponseMessage?> TrySendAsync(HttpRequestMessage request, OhttpKeyConfiguration key, CancellationToken cancellationToken)
    {
        var sealer = OhttpRequestSealer.Create(key);

        // Nothing of the inner request is a header here.
        var content = new SealedContent(request, sealer, _service, _options.TimeProvider.GetUtcNow(), _options.PadSealedRequests);
        HttpRequestMessage? sealing = new(HttpMethod.Post, _endpoint) { Version = HttpVersion.Version11, Content = content };
        sealing.Headers.Add(HeaderNames.Incremental, "?1");
        sealing.Headers.ExpectContinue = content.Headers.ContentLength is null or >= ExpectContinueLength;
        HttpResponseMessage? outer = null;
        try
        {
            outer = await _http.SendAsync(sealing, cancellationToken).ConfigureAwait(false);
            if (outer.StatusCode == HttpStatusCode.OK && outer.Content.Headers.ContentType?.MediaType == MediaTypes.OhttpChunkedResponse)
            {
                var answer = await OpenAsync(request, sealing, outer, sealer, cancellationToken).ConfigureAwait(false);
                outer = null;
                sealing = null;
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
            sealing?.Dispose();
        }
    }

    private static async Task<HttpResponseMessage> OpenAsync(HttpRequestMessage request, HttpRequestMessage sealing, HttpResponseMessage outer, OhttpRequestSealer sealer, CancellationToken cancellationToken)
    {
        var body = PipeReader.Create(await outer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false));
        var message = new BinaryHttpReader(await sealer.ReadResponseAsync(body, cancellationToken).ConfigureAwait(false));
        var head = await message.ReadResponseHeadAsync(cancellationToken).ConfigureAwait(false);
        var inner = new HttpResponseMessage((HttpStatusCode)head.Status) { RequestMessage = request, Content = new OpenedContent(message, outer, sealing) };
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

    // Whoever says that a request was not opened, nobody vouches for it.
    private static ServingException Lost(string message, string hint) => new(ServingCode.ConnectionLost, message, hint);

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
