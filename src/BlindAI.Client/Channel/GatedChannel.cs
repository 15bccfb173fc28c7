using System.Net.Security;
using System.Net.Sockets;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Protocol;

namespace BlindAI.Client.Channel;

/// <summary>Gated mode: every connection is proved by itself, before a byte of HTTP, whichever replica it ended at.</summary>
/// <remarks>
/// Source: docs/wire-protocol.md, clause 9. A connection whose TLS key has no fresh proof is asked for evidence; further ones to the same enclave are signed by its attested
/// connection key. 1. The policy is valid. 2. This end takes its binder, if the policy wants one and TLS gives one. 3. The key is one that is verified, or evidence verifies it
/// now. 4. The enclave proves this connection. Only then does the stream go to HTTP.
/// </remarks>
internal sealed class GatedChannel : IRequestChannel
{
    /// <summary>Most connections that are tried for one request, when those before were refused or could not be made: nothing of it has been sent on them.</summary>
    private const int MaxAttempts = 3;

    /// <summary>Most that are tried while some enclave is verified: the refused one is then one replica of several, and a balancer leads past it by and by.</summary>
    private const int MaxAttemptsAmongReplicas = 16;

    /// <summary>How long a key that was refused is not asked again: a request that tries several connections costs its server one quote.</summary>
    private static readonly TimeSpan RefusalLifetime = TimeSpan.FromSeconds(5);

    private readonly Uri _server;

    private readonly AttestationPolicy _policy;

    private readonly EvidenceExchange _exchange;

    private readonly GateExchange _gate;

    private readonly BlindAIClientOptions _options;

    private readonly VerifiedKeys _keys;

    private readonly HttpMessageInvoker _http;

    private readonly SharedRenewal _renewal;

    private readonly Lock _lock = new();

    // By TLS key: connections that come together share one verification of it.
    private readonly Dictionary<Sha256Digest, Task<TlsProof>> _verifying = [];

    private volatile Refusal? _refusal;

    private GatedChannel(Uri server, AttestationPolicy policy, EvidenceExchange exchange, BlindAIClientOptions options)
    {
        _server = server;
        _policy = policy;
        _exchange = exchange;
        _options = options;
        _gate = new(server, options.TimeProvider);
        _keys = new(options.TimeProvider);
        _renewal = new(ReattestAsync);
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
        exchange.RequireValidPolicy();
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
        ObjectDisposedException.ThrowIf(_renewal.IsClosed, this);
        _exchange.RequireValidPolicy();
        if (!_keys.IsEmpty && !_keys.Newest.IsFresh)
        {
            // Pooled connections still serve; a failure shows when a new one needs the proof.
            _renewal.RunInBackground();
        }

        var (refused, unreachable, ended) = (0, 0, 0);
        while (true)
        {
            try
            {
                return await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            }
            catch (AttestationException exception) when (exception.Code == RejectionCode.EnclaveExpired && request.Content is null or IRepeatableContent && ended++ < _options.MaxConnections)
            {
                // The proof of a pooled connection had ended, and with it the connection.
            }
            catch (HttpRequestException exception) when (exception.InnerException is AttestationException refusal)
            {
                // That connection was refused before the request had left; another may reach another replica.
                if (++refused >= (_keys is { IsEmpty: false, Newest.IsFresh: true } ? MaxAttemptsAmongReplicas : MaxAttempts))
                {
                    throw refusal;
                }
            }
            catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.NameResolutionError)
            {
                if (++unreachable == MaxAttempts)
                {
                    throw Unreachable(exception);
                }
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
    }

    /// <inheritdoc/>
    public Task<VerifiedEnclave> RenewAsync(CancellationToken cancellationToken) => _renewal.RunAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _renewal.DisposeAsync().ConfigureAwait(false);
        _http.Dispose();
    }

    private async Task<ProvedStream> ProveAsync(SslStream connection, bool isRenewal, CancellationToken cancellationToken)
    {
        _exchange.RequireValidPolicy();                                                                                            // 1
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
        try
        {
            var transcript = await _gate.AskForEvidenceAsync(connection, binder, cancellationToken).ConfigureAwait(false);
            return _keys.Add(await _exchange.VerifyAsync(transcript, started, cancellationToken).ConfigureAwait(false), started);
        }
        catch (AttestationException exception) when (RenewedProof.IsRefusal(exception.Code) && exception.Code != RejectionCode.BinderMismatch)
        {
            // Who is refused is not spoken to again, over any connection, before he has been accepted. A wrong binder is another's doing: it refuses this connection alone.
            _keys.Withdraw(tlsKey);
            _refusal = new(tlsKey, exception, _options.TimeProvider.GetTimestamp());
            throw;
        }
    }

    // On a connection of its own, which ends with it.
    private async Task<VerifiedEnclave> ReattestAsync(CancellationToken closing)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(closing);
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
            && !closing.IsCancellationRequested)
        {
            throw Unreachable(exception);
        }
    }

    private static AttestationException Unreachable(Exception exception) => new(RejectionCode.EvidenceUnavailable,
        $"The server could not be asked for evidence ({HttpFaults.Describe(exception)}).", "check the URL and that the server runs; nothing was sent.", exception);

    private sealed record Refusal(Sha256Digest TlsKey, AttestationException Reason, long At);
}
