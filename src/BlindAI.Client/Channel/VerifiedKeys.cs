using System.Collections.Immutable;
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
    private ImmutableDictionary<Sha256Digest, TlsProof> _proofs = ImmutableDictionary<Sha256Digest, TlsProof>.Empty;

    private volatile TlsProof? _newest;

    /// <summary>The proof of the enclave that was verified last.</summary>
    public TlsProof Newest => _newest ?? throw new InvalidOperationException("No enclave has been verified.");

    /// <summary>Whether any enclave has been verified.</summary>
    public bool IsEmpty => _newest is null;

    /// <summary>Adds a proof, and forgets those that can serve no connection any more.</summary>
    /// <param name="enclave">The enclave.</param>
    /// <param name="verifiedAt">The clock's timestamp before the nonce was sent: the age is never understated.</param>
    public TlsProof Add(VerifiedEnclave enclave, long verifiedAt)
    {
        var proof = new TlsProof(enclave, verifiedAt, clock);
        ImmutableInterlocked.Update(ref _proofs, proofs => proofs.RemoveRange(proofs.Where(pair => !pair.Value.IsFresh).Select(pair => pair.Key)).SetItem(proof.TlsKey, proof));
        _newest = proof;
        return proof;
    }

    /// <summary>The fresh proof of a key; null when there is none.</summary>
    public TlsProof? Find(Sha256Digest tlsKey) => _proofs.TryGetValue(tlsKey, out var proof) && proof.IsFresh ? proof : null;

    /// <summary>Ends the proof of a key that was refused.</summary>
    public void Withdraw(Sha256Digest tlsKey)
    {
        if (_proofs.TryGetValue(tlsKey, out var proof))
        {
            proof.Withdraw();
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
