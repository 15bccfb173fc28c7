using System.Net;
using System.Threading.RateLimiting;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Protocol;
using BlindAI.Server.Sealed;
using BlindAI.Server.Telemetry;

namespace BlindAI.Server.Hosting;

/// <summary>Makes evidence objects for this process: a fresh one per nonce, and one static for inspection.</summary>
/// <remarks>
/// The only caller of the attester once the server listens, and it passes nothing but the digest of claims that this process made: client bytes are never signed outside them.
/// A quote may cost up to a second, so their rate is limited.
/// </remarks>
internal sealed class EvidenceSource : IDisposable
{
    private readonly IAttester _attester;

    private readonly EnclaveIdentity _identity;

    private readonly SealedRequestKeys _sealedRequestKeys;

    private readonly PartitionedRateLimiter<IPAddress> _limiter;

    private readonly Func<TeeEvidence, CancellationToken, Task<TeeEvidence>>? _complete;

    private readonly ILogger _logger;

    private StaticEvidence? _static;

    /// <param name="attester">Has the TEE sign.</param>
    /// <param name="identity">What the claims are made of.</param>
    /// <param name="sealedRequestKeys">The keys of sealed requests.</param>
    /// <param name="evidencePerSecond">How much evidence is made.</param>
    /// <param name="complete">Adds collateral for clients that fetch none; null for nothing.</param>
    /// <param name="logger">Hears when collateral is not to be had.</param>
    public EvidenceSource(IAttester attester, EnclaveIdentity identity, SealedRequestKeys sealedRequestKeys, int evidencePerSecond, Func<TeeEvidence, CancellationToken, Task<TeeEvidence>>? complete, ILogger logger)
    {
        _complete = complete;
        _logger = logger;
        _attester = attester;
        _identity = identity;
        _sealedRequestKeys = sealedRequestKeys;

        // One address gets half of what there is, so that it cannot shut the others out by itself.
        _limiter = PartitionedRateLimiter.CreateChained(
            PartitionedRateLimiter.Create<IPAddress, IPAddress>(address => RateLimitPartition.GetTokenBucketLimiter(address, _ => Bucket(Math.Max(1, evidencePerSecond / 2)))),
            PartitionedRateLimiter.Create<IPAddress, bool>(_ => RateLimitPartition.GetTokenBucketLimiter(true, _ => Bucket(evidencePerSecond))));
    }

    /// <summary>The TEE that signs.</summary>
    public TeeKind Tee => _attester.Tee;

    /// <summary>Evidence for a client's nonce.</summary>
    /// <param name="nonce">The client's.</param>
    /// <param name="binder">Of the connection that it asks on; null when it asked for none.</param>
    /// <param name="caller">Where it asks from.</param>
    /// <param name="cancellationToken">Ends the making.</param>
    /// <exception cref="ServingException"><see cref="ServingCode.Overloaded"/>.</exception>
    public async Task<EvidenceObject> ProveAsync(Nonce nonce, ChannelBinder? binder, IPAddress caller, CancellationToken cancellationToken)
    {
        using var lease = _limiter.AttemptAcquire(caller);
        return lease.IsAcquired
            ? await MakeAsync(nonce, binder, _sealedRequestKeys.Published, cancellationToken)
            : throw new ServingException(ServingCode.Overloaded, "Too many clients ask for evidence.", "try again in a second.") { RetryAfter = TimeSpan.FromSeconds(1) };
    }

    /// <summary>Evidence without a nonce, made once for each key of sealed requests. No client may take it for proof.</summary>
    public Task<EvidenceObject> DescribeAsync()
    {
        // Two first callers may make two; a failure is not kept.
        var keys = _sealedRequestKeys.Published;
        var made = Volatile.Read(ref _static);
        if (made is not { Evidence: { IsFaulted: false, IsCanceled: false } } || made.Keys != keys)
        {
            made = new(keys, MakeAsync(nonce: null, binder: null, keys, CancellationToken.None));
            Volatile.Write(ref _static, made);
        }

        return made.Evidence;
    }

    public void Dispose() => _limiter.Dispose();

    private static TokenBucketRateLimiterOptions Bucket(int perSecond) => new()
    {
        TokenLimit = 2 * perSecond,
        TokensPerPeriod = perSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = 0,
    };

    private async Task<EvidenceObject> MakeAsync(Nonce? nonce, ChannelBinder? binder, PublishedKeys keys, CancellationToken cancellationToken)
    {
        var claims = _identity.MakeClaims(nonce, binder, keys.Digest).Encode();
        var evidence = await CompleteAsync(await _attester.AttestAsync(ReportData.ForClaims(claims), nonce, cancellationToken), cancellationToken);
        return new()
        {
            EncodedClaims = claims,
            Evidence = [evidence],
            TlsChain = [_identity.Certificate.RawData],
            SealedRequestKeys = keys.Encoded,
            ReceiptKey = _identity.ReceiptKey,
            ConnectionKey = _identity.ConnectionKey,
        };
    }

    // Collateral is a courtesy: who verifies may fetch it, and trusts neither. Evidence without it is worth as much.
    private async Task<TeeEvidence> CompleteAsync(TeeEvidence evidence, CancellationToken cancellationToken)
    {
        try
        {
            return _complete is null ? evidence : await _complete(evidence, cancellationToken);
        }
        catch (AttestationException exception) when (exception.Code == RejectionCode.CollateralMissing)
        {
            ServerLog.CollateralMissing(_logger, exception.Reason);
            return evidence;
        }
    }

    private sealed record StaticEvidence(PublishedKeys Keys, Task<EvidenceObject> Evidence);
}
