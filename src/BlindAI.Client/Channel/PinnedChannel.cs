using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Protocol;

namespace BlindAI.Client.Channel;

/// <summary>Pinned mode: evidence comes over HTTP first, and data connections accept exactly the keys that it proved. The proof is renewed as it ages.</summary>
/// <remarks>Source: docs/attestation.md, clause 6.</remarks>
internal sealed class PinnedChannel : IRequestChannel
{
    private readonly EvidenceExchange _exchange;

    private readonly TimeProvider _clock;

    private readonly VerifiedKeys _keys;

    private readonly HttpMessageInvoker _http;

    private readonly CancellationTokenSource _closing = new();

    private readonly Lock _gate = new();

    private Task<VerifiedEnclave>? _renewal;

    private volatile bool _isRejected;

    /// <summary>Builds a channel from a proof; without one there is none.</summary>
    private PinnedChannel(VerifiedEnclave enclave, long verifiedAt, EvidenceExchange exchange, BlindAIClientOptions options)
    {
        _exchange = exchange;
        _clock = options.TimeProvider;
        _keys = new(_clock);
        _keys.Add(enclave, verifiedAt);
        var handler = TlsHandlers.Create(_keys.Accepts, options.ConnectTimeout);
        handler.PooledConnectionLifetime = enclave.Lifetime;
        handler.MaxConnectionsPerServer = options.MaxConnections;
        _http = new(handler);
    }

    /// <summary>The enclave that was verified last.</summary>
    public VerifiedEnclave Enclave => _keys.Newest.Enclave;

    /// <summary>The exchange that was verified last.</summary>
    public EvidenceTranscript Transcript => _exchange.Transcript;

    /// <summary>Verifies a server and opens the channel to it.</summary>
    /// <exception cref="AttestationException">The server was refused.</exception>
    public static async Task<PinnedChannel> OpenAsync(EvidenceExchange exchange, BlindAIClientOptions options, CancellationToken cancellationToken)
    {
        var verifiedAt = options.TimeProvider.GetTimestamp();
        return new(await exchange.VerifyAsync(cancellationToken).ConfigureAwait(false), verifiedAt, exchange, options);
    }

    /// <summary>Sends a request to a verified enclave and returns its answer's head; the body is read by the caller.</summary>
    /// <exception cref="AttestationException">The proof is too old, or a new key was refused; nothing was sent.</exception>
    /// <exception cref="ServingException"><see cref="ServingCode.ConnectionLost"/>.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
        await EnsureFreshAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            // Another key than the verified ones, or a proof that has aged: the handshake failed and no byte of the request has left.
            await RenewAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw HttpFaults.Lost(exception);
        }

        try
        {
            return await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            throw new AttestationException(RejectionCode.TlsKeyUnverified, "The connection shows a TLS key that no verification covers.",
                "behind a load balancer, replicas with keys of their own need a connection each; try again.", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw HttpFaults.Lost(exception);
        }
    }

    /// <summary>Verifies the server anew. Callers that come together share one verification.</summary>
    /// <exception cref="AttestationException">The server was refused.</exception>
    public Task<VerifiedEnclave> RenewAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_renewal is not { IsCompleted: false })
            {
                _renewal = RenewCoreAsync();
            }

            return _renewal.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        Task<VerifiedEnclave>? renewal;
        lock (_gate)
        {
            renewal = _renewal;
        }

        if (renewal is not null)
        {
            // Its outcome belongs to those who waited for it; here it must only have ended.
            await ((Task)renewal).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _http.Dispose();
        _closing.Dispose();
    }

    private async ValueTask EnsureFreshAsync(CancellationToken cancellationToken)
    {
        var newest = _keys.Newest;
        if (newest.IsFresh && !_isRejected)
        {
            return;
        }

        if (newest.MayServe && !_isRejected)
        {
            // In the background: pooled connections still serve. A failure shows when the proof is needed, below or in the handshake.
            _ = RenewAsync(CancellationToken.None).ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return;
        }

        try
        {
            await RenewAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (AttestationException exception) when (exception.Code is RejectionCode.EvidenceUnavailable or RejectionCode.CollateralMissing)
        {
            throw new AttestationException(RejectionCode.EnclaveExpired, "The verification is too old and could not be renewed; nothing was sent.", "try again when the server and the vendor's service can be reached.", exception);
        }
    }

    private async Task<VerifiedEnclave> RenewCoreAsync()
    {
        await Task.Yield();
        var verifiedAt = _clock.GetTimestamp();
        try
        {
            var enclave = await _exchange.VerifyAsync(_closing.Token).ConfigureAwait(false);
            _keys.Add(enclave, verifiedAt);
            _isRejected = false;
            return enclave;
        }
        catch (AttestationException exception) when (exception.Code is not (RejectionCode.EvidenceUnavailable or RejectionCode.EvidenceLate or RejectionCode.CollateralMissing))
        {
            // Who was refused is not spoken to again, over any connection, before he has been accepted.
            _isRejected = true;
            throw;
        }
    }
}
