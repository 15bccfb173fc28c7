using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Client.Channel;

/// <summary>The proof of a server that is asked for evidence over HTTP, kept young: renewed in the background as it ages, and before anything is sent once it is too old.</summary>
/// <remarks>Source: docs/attestation.md, clause 6.</remarks>
/// <typeparam name="TProof">What the proof covers.</typeparam>
internal sealed class RenewedProof<TProof> : IAsyncDisposable
    where TProof : EnclaveProof
{
    private readonly EvidenceExchange _exchange;

    private readonly TimeProvider _clock;

    private readonly Func<VerifiedEnclave, long, TProof> _keep;

    private readonly Action<EvidenceTranscript> _refuse;

    private readonly SharedRenewal _renewal;

    private volatile TProof? _newest;

    private volatile bool _isRejected;

    private RenewedProof(EvidenceExchange exchange, TimeProvider clock, Func<VerifiedEnclave, long, TProof> keep, Action<EvidenceTranscript> refuse)
    {
        _exchange = exchange;
        _clock = clock;
        _keep = keep;
        _refuse = refuse;
        _renewal = new(VerifyAsync);
    }

    /// <summary>The newest proof.</summary>
    public TProof Newest => _newest!;

    /// <summary>Whether it has been disposed.</summary>
    public bool IsClosed => _renewal.IsClosed;

    /// <summary>Verifies a server for the first time; without that there is no proof to keep.</summary>
    /// <param name="exchange">How to ask it.</param>
    /// <param name="clock">The client's clock.</param>
    /// <param name="keep">Makes the proof of a verified enclave and the clock's timestamp before the nonce was sent.</param>
    /// <param name="refuse">Ends the proofs of whoever gave evidence that was refused.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="AttestationException">The server was refused.</exception>
    public static async Task<RenewedProof<TProof>> OpenAsync(
        EvidenceExchange exchange, TimeProvider clock, Func<VerifiedEnclave, long, TProof> keep, Action<EvidenceTranscript> refuse, CancellationToken cancellationToken)
    {
        var proof = new RenewedProof<TProof>(exchange, clock, keep, refuse);
        await proof.VerifyAsync(cancellationToken).ConfigureAwait(false);
        return proof;
    }

    /// <summary>Returns when a request may rest on the newest proof.</summary>
    /// <exception cref="AttestationException">The policy's validity has ended, or the proof is too old and could not be renewed; nothing was sent.</exception>
    public async ValueTask EnsureFreshAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        _exchange.RequireValidPolicy();
        if (!_isRejected && Newest.MayServe)
        {
            if (!Newest.IsFresh)
            {
                _renewal.RunInBackground();
            }

            return;
        }

        try
        {
            await RenewAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (AttestationException exception) when (!RenewedProof.IsRefusal(exception.Code))
        {
            throw new AttestationException(RejectionCode.EnclaveExpired, "The verification is too old and could not be renewed; nothing was sent.", "try again when the server and the vendor's service can be reached.", exception);
        }
    }

    /// <summary>Verifies the server anew. Callers that come together share one verification.</summary>
    /// <exception cref="AttestationException">The server was refused.</exception>
    public Task<VerifiedEnclave> RenewAsync(CancellationToken cancellationToken) => _renewal.RunAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _renewal.DisposeAsync();

    private async Task<VerifiedEnclave> VerifyAsync(CancellationToken cancellationToken)
    {
        var verifiedAt = _clock.GetTimestamp();
        EvidenceTranscript? transcript = null;
        try
        {
            transcript = await _exchange.FetchAsync(cancellationToken).ConfigureAwait(false);
            var enclave = await _exchange.VerifyAsync(transcript, verifiedAt, cancellationToken).ConfigureAwait(false);
            _newest = _keep(enclave, verifiedAt);
            _isRejected = false;
            return enclave;
        }
        catch (AttestationException exception) when (RenewedProof.IsRefusal(exception.Code))
        {
            // Who was refused is not spoken to again, over any connection, before he has been accepted.
            if (transcript is not null)
            {
                _refuse(transcript);
            }

            _isRejected = true;
            throw;
        }
    }
}

/// <summary>What every renewal of a proof has in common.</summary>
internal static class RenewedProof
{
    /// <summary>Whether a failed verification says something of the server, and not only that none could be had.</summary>
    public static bool IsRefusal(RejectionCode code) => code is not (RejectionCode.EvidenceUnavailable or RejectionCode.EvidenceLate or RejectionCode.CollateralMissing);
}
