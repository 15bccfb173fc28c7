using System.Net.Security;
using System.Net.Sockets;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Protocol;

namespace BlindAI.Client.Channel;

/// <summary>Gated mode: every connection is proved by itself, before a byte of HTTP, whichever replica it ended at.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 7. A connection whose TLS key has no fresh proof is asked for evidence; further ones to the same enclave are signed by its attested
/// connection key. 1. The policy is valid. 2. This end takes its binder, if the policy wants one and TLS gives one. 3. The key is one that is verified, or evidence verifies it
/// now. 4. The enclave proves this connection. Only then does the stream go to HTTP.
/// </remarks>
internal sealed class GatedChannel : IRequestChannel
{
    /// <summary>Most connections that are tried for one request, when those before were refused or could not be made: nothing of it has been sent on them.</summary>
    private const int MaxAttempts = 3;

    /// <summary>How long a key that was refused is not asked again: a request that tries several connections costs its server one quote.</summary>
    private static readonly TimeSpan RefusalLifetime = TimeSpan.FromSeconds(5);

    private readonly Uri _server;

    private readonly AttestationPolicy _policy;

    private readonly EvidenceExchange _exchange;

    private readonly GateExchange _gate;

    private readonly BlindAIClientOptions _options;

    private readonly VerifiedKeys _keys;

    private readonly HttpMessageInvoker _http;

    private readonly CancellationTokenSource _closing = new();

    private readonly Lock _lock = new();

    // By TLS key: connections that come together share one verification of it.
    private readonly Dictionary<Sha256Digest, Task<TlsProof>> _verifying = [];

    private volatile Refusal? _refusal;

    private Task<VerifiedEnclave>? _renewal;

    private GatedChannel(Uri server, AttestationPolicy policy, EvidenceExchange exchange, BlindAIClientOptions options)
    {
        _server = server;
        _policy = policy;
        _exchange = exchange;
        _options = options;
        _gate = new(server, options.TimeProvider);
        _keys = new(options.TimeProvider);
        var handler = TlsHandlers.Create(_gate.Observe, options.ConnectTimeout + GateExchange.Patience + (options.Collateral is null ? TimeSpan.Zero : EvidenceExchange.CollateralLifetime));
        handler.PooledConnectionLifetime = policy.ReattestAfter;
        handler.MaxConnectionsPerServer = options.MaxConnections;
        handler.PlaintextStreamFilter = async (context, cancellationToken) => await ProveAsync((SslStream)context.PlaintextStream, isRenewal: false, cancellationToken).ConfigureAwait(false);
        _http = new(handler);
    }

    /// <inheritdoc/>
    public VerifiedEnclave Enclave => _keys.Newest.Enclave;

    /// <inheritdoc/>
    public EvidenceTranscript Transcript => _exchange.Transcript;

    /// <summary>Verifies a server and opens the channel to it.</summary>
    /// <exception cref="AttestationException">The server was refused.</exception>
    public static async Task<GatedChannel> OpenAsync(Uri server, AttestationPolicy policy, EvidenceExchange exchange, BlindAIClientOptions options, CancellationToken cancellationToken)
    {
        // Nothing is sent, not even a nonce, under a policy that could not be met.
        policy.RequireValidAt(options.TimeProvider.GetUtcNow());
        var channel = new GatedChannel(server, policy, exchange, options);
        try
        {
            // The connection that this proves serves the first request.
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, Routes.Live)) { Version = System.Net.HttpVersion.Version11 };
            using var response = await channel.SendAsync(request, cancellationToken).ConfigureAwait(false);
            return channel;
        }
        catch (ServingException exception) when (channel._keys.IsEmpty)
        {
            await channel.DisposeAsync().ConfigureAwait(false);
            throw new AttestationException(RejectionCode.EvidenceUnavailable, "The server could not be asked for evidence.", "check the URL and that the server runs; nothing was sent.", exception);
        }
        catch
        {
            await channel.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
        _policy.RequireValidAt(_options.TimeProvider.GetUtcNow());
        RenewInBackground();
        AttestationException? first = null;
        var ended = 0;
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            try
            {
                return await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            }
            catch (AttestationException exception) when (exception.Code == RejectionCode.EnclaveExpired && CanBeSentAgain(request.Content) && ended++ < _options.MaxConnections)
            {
                // The proof of a pooled connection had ended, and with it the connection.
                first ??= exception;
                attempt--;
            }
            catch (HttpRequestException exception) when (exception.InnerException is AttestationException refusal)
            {
                // That connection was refused before the request had left; another may reach another replica.
                first ??= refusal;
            }
            catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.NameResolutionError)
            {
                first ??= Unreachable(exception);
            }
            catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested && exception.InnerException is TimeoutException)
            {
                throw Unreachable(exception);
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                throw HttpFaults.Lost(exception);
            }
        }

        throw first!;
    }

    /// <inheritdoc/>
    public Task<VerifiedEnclave> RenewAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
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
        lock (_lock)
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

    private async Task<ProvedStream> ProveAsync(SslStream connection, bool isRenewal, CancellationToken cancellationToken)
    {
        _policy.RequireValidAt(_options.TimeProvider.GetUtcNow());                                                                 // 1
        var binder = ChannelBinder.Take(connection);
        if (binder is null && _policy.Binder != BinderRequirement.Preferred)
        {
            throw new AttestationException(RejectionCode.PolicyUnsupported, "The policy requires a channel binder, and this platform's TLS gives none.",
                "connect from Linux, or use \"binder\": \"preferred\".");
        }                                                                                                                          // 2

        var tlsKey = VerifiedKeys.KeyOf(connection.RemoteCertificate!);
        if (isRenewal || _policy.Binder == BinderRequirement.Quote)
        {
            return new(connection, await VerifyAsync(connection, tlsKey, binder, cancellationToken).ConfigureAwait(false));
        }

        var (proof, isOfThisConnection) = await FindOrVerifyAsync(connection, tlsKey, binder, cancellationToken).ConfigureAwait(false);   // 3
        if (!isOfThisConnection)
        {
            await GateExchange.AskForProofAsync(connection, proof, binder, cancellationToken).ConfigureAwait(false);                      // 4
        }

        return new(connection, proof);
    }

    private async Task<(TlsProof Proof, bool IsOfThisConnection)> FindOrVerifyAsync(SslStream connection, Sha256Digest tlsKey, ChannelBinder? binder, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task<TlsProof>? others;
            var mine = new TaskCompletionSource<TlsProof>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_lock)
            {
                if (_keys.Find(tlsKey) is { } proof)
                {
                    return (proof, false);
                }

                if (_refusal is { } last && last.TlsKey.Equals(tlsKey) && _options.TimeProvider.GetElapsedTime(last.At) < RefusalLifetime)
                {
                    throw last.Reason;
                }

                if (!_verifying.TryGetValue(tlsKey, out others))
                {
                    _verifying.Add(tlsKey, mine.Task);
                }
            }

            if (others is null)
            {
                return (await VerifyForAllAsync(connection, tlsKey, binder, mine, cancellationToken).ConfigureAwait(false), true);
            }

            try
            {
                return (await others.WaitAsync(cancellationToken).ConfigureAwait(false), false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // Who verified gave up; somebody else must.
            }
        }
    }

    private async Task<TlsProof> VerifyForAllAsync(SslStream connection, Sha256Digest tlsKey, ChannelBinder? binder, TaskCompletionSource<TlsProof> all, CancellationToken cancellationToken)
    {
        try
        {
            var proof = await VerifyAsync(connection, tlsKey, binder, cancellationToken).ConfigureAwait(false);
            Leave();
            all.SetResult(proof);
            return proof;
        }
        catch (Exception exception)
        {
            Leave();
            if (exception is OperationCanceledException)
            {
                all.SetCanceled(CancellationToken.None);
            }
            else
            {
                all.SetException(exception);
                _ = all.Task.Exception;
            }

            throw;
        }

        void Leave()
        {
            lock (_lock)
            {
                _verifying.Remove(tlsKey);
            }
        }
    }

    private async Task<TlsProof> VerifyAsync(SslStream connection, Sha256Digest tlsKey, ChannelBinder? binder, CancellationToken cancellationToken)
    {
        var started = _options.TimeProvider.GetTimestamp();
        var transcript = await _gate.AskForEvidenceAsync(connection, binder, cancellationToken).ConfigureAwait(false);
        try
        {
            return _keys.Add(await _exchange.VerifyAsync(transcript, started, cancellationToken).ConfigureAwait(false), started);
        }
        catch (AttestationException exception) when (exception.Code is not (RejectionCode.EvidenceUnavailable or RejectionCode.EvidenceLate or RejectionCode.CollateralMissing))
        {
            // Who is refused is not spoken to again, over any connection, before he has been accepted.
            _keys.Withdraw(tlsKey);
            _refusal = new(tlsKey, exception, _options.TimeProvider.GetTimestamp());
            throw;
        }
    }

    // What was received from a stream of the caller's is gone.
    private static bool CanBeSentAgain(HttpContent? content) => content is null or InferenceContent;

    // Pooled connections still serve; a failure shows when a new one needs the proof.
    private void RenewInBackground()
    {
        if (!_keys.IsEmpty && !_keys.Newest.IsFresh)
        {
            _ = RenewAsync(CancellationToken.None).ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }

    // On a connection of its own, which ends with it.
    private async Task<VerifiedEnclave> RenewCoreAsync()
    {
        await Task.Yield();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        limit.CancelAfter(_options.ConnectTimeout + GateExchange.Patience + EvidenceExchange.CollateralLifetime);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(_server.IdnHost, _server.Port, limit.Token).ConfigureAwait(false);
            var connection = new SslStream(client.GetStream());
            await using (connection.ConfigureAwait(false))
            {
                await connection.AuthenticateAsClientAsync(TlsHandlers.CreateTls(_gate.Observe, _server.IdnHost), limit.Token).ConfigureAwait(false);
                await ProveAsync(connection, isRenewal: true, limit.Token).ConfigureAwait(false);
                return Enclave;
            }
        }
        catch (Exception exception) when (exception is SocketException or IOException or System.Security.Authentication.AuthenticationException or OperationCanceledException
            && !_closing.IsCancellationRequested)
        {
            throw Unreachable(exception);
        }
    }

    private static AttestationException Unreachable(Exception exception) => new(RejectionCode.EvidenceUnavailable,
        $"The server could not be asked for evidence ({HttpFaults.Describe(exception)}).", "check the URL and that the server runs; nothing was sent.", exception);

    private sealed record Refusal(Sha256Digest TlsKey, AttestationException Reason, long At);
}
