using System.IO.Pipelines;
using System.Net;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Protocol;
using BlindAI.Protocol.Ohttp;

namespace BlindAI.Client.Channel;

/// <summary>Sealed mode: somebody ends TLS on the way and is trusted with nothing. Each request is sealed to the key that the enclave has proved, and only what it sealed is an answer.</summary>
/// <remarks>
/// Source: docs/wire-protocol.md, clause 10. Whoever stands on the way sees that a request was sent, when, and how many bytes; nothing of the inner request, not even its path, is
/// outside of the seal. He can withhold, delay and cut, and what he says in clear decides nothing but that the request failed, and that evidence is asked for again.
/// </remarks>
internal sealed class SealedChannel : IRequestChannel
{
    /// <summary>From this length on a request is sent when the other end has asked for it: who would refuse it does so before.</summary>
    private const long ExpectContinueLength = 1 << 20;

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
        // Behind one name is one service: whoever is refused there ends what was accepted before, and who is accepted then begins anew.
        var standing = new KeyStanding();
        var proof = await RenewedProof<SealedProof>.OpenAsync(exchange, options.TimeProvider, Keep, _ => standing.Refuse(), cancellationToken).ConfigureAwait(false);
        return new(server, policy, proof, exchange, options);

        SealedProof Keep(VerifiedEnclave enclave, long verifiedAt)
        {
            standing = standing.IsRefused ? new() : standing;
            return new(enclave, verifiedAt, options.TimeProvider, standing);
        }
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
        if (await TrySendAsync(request, proof, cancellationToken).ConfigureAwait(false) is { } answer)
        {
            return answer;
        }

        // Somebody says that the key is not known there: true once keys were replaced. New evidence decides, and only a new key has the request sent again.
        if (ReferenceEquals(proof, _proof.Newest))
        {
            await RenewAsync(cancellationToken).ConfigureAwait(false);
        }

        var newest = _proof.Newest;
        if (newest.Key.PublicKey.Equals(proof.Key.PublicKey))
        {
            throw Lost("The key is said to be unknown where the request arrives, and the enclave has just proved it.", "where a proxy stands in front of several replicas, let it send each client to one of them.");
        }

        // Who passed the request on may say this too, and lead to another replica: only what does no harm twice is sent twice.
        if (request.Method == HttpMethod.Put || request.Method == HttpMethod.Delete)
        {
            throw Lost("The enclave has another key now, and nobody vouches for the word that the old one was not known.", "look whether it was carried out, and send the request again: the new key is verified.");
        }

        return await TrySendAsync(request, newest, cancellationToken).ConfigureAwait(false) ?? throw Lost("The enclave has a new key, which was verified just now and is said to be unknown too.", "try again.");
    }

    /// <inheritdoc/>
    public Task<VerifiedEnclave> RenewAsync(CancellationToken cancellationToken) => _proof.RenewAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _proof.DisposeAsync().ConfigureAwait(false);
        _http.Dispose();
    }

    // Null: it is said that it could not be opened. Source: RFC 9458, sections 5.2 and 5.3.
    private async Task<HttpResponseMessage?> TrySendAsync(HttpRequestMessage request, SealedProof proof, CancellationToken cancellationToken)
    {
        var sealer = OhttpRequestSealer.Create(proof.Key);

        // Nothing of the inner request is a header here.
        var content = new SealedContent(request, proof, sealer, _service, _options.TimeProvider.GetUtcNow(), _options.PadSealedRequests);
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

            return SaysNotOpened(outer) ? null : throw InClear(outer);
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

    // A claim of whoever answers: it makes this client ask for evidence again, once, and nothing else. The type is not read: another server's key may have the same id, and then another problem is told.
    private static bool SaysNotOpened(HttpResponseMessage outer) =>
        outer.StatusCode == HttpStatusCode.BadRequest && outer.Content.Headers.ContentType?.MediaType == MediaTypes.ProblemJson;

    // Whoever says that a request was not opened, nobody vouches for it.
    private static ServingException Lost(string message, string hint) => new(ServingCode.ConnectionLost, $"{message} It may or may not have been carried out.", hint);

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
            $"let the proxy pass POST {Routes.SealedRequests} on, body and content type untouched; the request may or may not have been carried out."),
    };
}
