using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Client.Channel;

/// <summary>The TLS keys that verified enclaves hold, each with its proof.</summary>
/// <remarks>
/// A new connection needs a proof younger than its lifetime, and a connection is pooled for one lifetime at most: so no request ever travels under
/// a proof older than two lifetimes, whatever the server's clock says.
/// </remarks>
internal sealed class VerifiedKeys(TimeProvider clock)
{
    // Refusals that are remembered, against proofs that were begun before them.
    private const int MaxRefusals = 64;

    private readonly Lock _lock = new();

    private readonly Dictionary<Sha256Digest, (TlsProof Proof, KeyStanding Standing)> _proofs = [];

    private readonly Dictionary<Sha256Digest, long> _refusedAt = [];

    private volatile TlsProof? _newest;

    /// <summary>The proof of the enclave that was verified last.</summary>
    public TlsProof Newest => _newest ?? throw new InvalidOperationException("No enclave has been verified.");

    /// <summary>Whether any enclave has been verified.</summary>
    public bool IsEmpty => _newest is null;

    /// <summary>Adds a proof, and forgets those that can serve no connection any more.</summary>
    /// <param name="enclave">The enclave.</param>
    /// <param name="verifiedAt">The clock's timestamp before the nonce was sent: the age is never understated.</param>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EnclaveExpired"/>: its key was refused by a verification that began later.</exception>
    public TlsProof Add(VerifiedEnclave enclave, long verifiedAt)
    {
        var tlsKey = enclave.TlsKey!;
        lock (_lock)
        {
            if (_refusedAt.TryGetValue(tlsKey, out var refusedAt) && refusedAt >= verifiedAt)
            {
                throw new AttestationException(RejectionCode.EnclaveExpired, "The enclave was refused while this verification of it went on.", "try again.");
            }

            foreach (var key in _proofs.Where(pair => !pair.Value.Proof.MayServe).Select(pair => pair.Key).ToList())
            {
                _proofs.Remove(key);
            }

            var standing = _proofs.TryGetValue(tlsKey, out var known) ? known.Standing : new();
            var proof = new TlsProof(enclave, verifiedAt, clock, standing);
            _proofs[tlsKey] = (proof, standing);
            _newest = proof;
            return proof;
        }
    }

    /// <summary>The fresh proof of a key; null when there is none.</summary>
    public TlsProof? Find(Sha256Digest tlsKey)
    {
        lock (_lock)
        {
            return _proofs.TryGetValue(tlsKey, out var known) && known.Proof.IsFresh ? known.Proof : null;
        }
    }

    /// <summary>Ends every proof of a key that was refused, whichever connection rests on it.</summary>
    public void Withdraw(Sha256Digest tlsKey)
    {
        lock (_lock)
        {
            if (_proofs.Remove(tlsKey, out var known))
            {
                known.Standing.Refuse();
            }

            if (_refusedAt.Count == MaxRefusals)
            {
                _refusedAt.Remove(_refusedAt.MinBy(pair => pair.Value).Key);
            }

            _refusedAt[tlsKey] = clock.GetTimestamp();
        }
    }

    /// <summary>The callback of every connection that carries data in pinned mode: exactly the verified keys, and nothing else. No I/O.</summary>
    public bool Accepts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => certificate is not null && Find(KeyOf(certificate)) is not null;

    /// <summary>How claims name a certificate's key.</summary>
    public static Sha256Digest KeyOf(X509Certificate certificate)
    {
        using var seen = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return Sha256Digest.Of(seen.PublicKey.ExportSubjectPublicKeyInfo());
    }
}
