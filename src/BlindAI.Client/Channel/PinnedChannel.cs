using System.Net.Security;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Protocol;

namespace BlindAI.Client.Channel;

/// <summary>Pinned mode: evidence comes over HTTP first, and data connections accept exactly the keys that it proved.</summary>
/// <remarks>Source: docs/attestation.md, clause 6.</remarks>
internal sealed class PinnedChannel : IRequestChannel
{
    private readonly EvidenceExchange _exchange;

    private readonly RenewedProof<TlsProof> _proof;

    private readonly HttpMessageInvoker _http;

    private PinnedChannel(RenewedProof<TlsProof> proof, VerifiedKeys keys, EvidenceExchange exchange, BlindAIClientOptions options)
    {
        _exchange = exchange;
        _proof = proof;
        var handler = TlsHandlers.Create(keys.Accepts, options.ConnectTimeout);
        handler.PooledConnectionLifetime = proof.Newest.Enclave.Lifetime;
        handler.MaxConnectionsPerServer = options.MaxConnections;
        handler.PlaintextStreamFilter = (context, _) =>
        {
            // Between the handshake and now the key may have been refused.
            var connection = (SslStream)context.PlaintextStream;
            var found = keys.Find(VerifiedKeys.KeyOf(connection.RemoteCertificate!)) ?? throw Unverified();
            return ValueTask.FromResult<Stream>(new ProvedStream(connection, found));
        };
        _http = new(handler);
    }

    /// <inheritdoc/>
    public VerifiedEnclave Enclave => _proof.Newest.Enclave;

    /// <inheritdoc/>
    public EvidenceTranscript Transcript => _exchange.Transcript;

    /// <summary>Verifies a server and opens the channel to it.</summary>
    /// <exception cref="AttestationException">The server was refused.</exception>
    public static async Task<PinnedChannel> OpenAsync(EvidenceExchange exchange, BlindAIClientOptions options, CancellationToken cancellationToken)
    {
        var keys = new VerifiedKeys(options.TimeProvider);
        return new(await RenewedProof<TlsProof>.OpenAsync(exchange, options.TimeProvider, keys.Add, Withdraw, cancellationToken).ConfigureAwait(false), keys, exchange, options);

        void Withdraw(EvidenceTranscript refused) => keys.Withdraw(Sha256Digest.Of(refused.TlsKey!.Value.Span));
    }

    /// <summary>Sends a request to a verified enclave and returns its answer's head; the body is read by the caller.</summary>
    /// <exception cref="AttestationException">The proof is too old, or a new key was refused; nothing was sent.</exception>
    /// <exception cref="ServingException"><see cref="ServingCode.ConnectionLost"/>.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await _proof.EnsureFreshAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException exception) when (IsUnverified(exception))
        {
            // Another key than the verified ones, or a proof that has aged: the handshake failed and no byte of the request has left.
            await RenewAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (AttestationException exception) when (exception.Code == RejectionCode.EnclaveExpired && request.Content is null or IRepeatableContent)
        {
            // The proof of a pooled connection had ended, and with it the connection.
            await _proof.EnsureFreshAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw HttpFaults.Lost(exception);
        }

        try
        {
            return await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException exception) when (IsUnverified(exception))
        {
            throw Unverified(exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw HttpFaults.Lost(exception);
        }
    }

    /// <inheritdoc/>
    public Task<VerifiedEnclave> RenewAsync(CancellationToken cancellationToken) => _proof.RenewAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _proof.DisposeAsync().ConfigureAwait(false);
        _http.Dispose();
    }

    private static bool IsUnverified(HttpRequestException exception) =>
        exception.HttpRequestError == HttpRequestError.SecureConnectionError || exception.InnerException is AttestationException { Code: RejectionCode.TlsKeyUnverified };

    private static AttestationException Unverified(Exception? inner = null) => new(RejectionCode.TlsKeyUnverified, "The connection shows a TLS key that no verification covers.",
        "behind a load balancer, replicas with keys of their own need a connection each: connect in gated mode.", inner);
}
