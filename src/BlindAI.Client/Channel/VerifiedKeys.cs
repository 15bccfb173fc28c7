using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Client.Channel;

/// <summary>The TLS keys that verified enclaves hold, each with the age of its proof by this client's monotonic clock.</summary>
/// <remarks>
/// A new connection needs a proof younger than its lifetime, and a connection is pooled for one lifetime at most: so no request ever travels under
/// a proof older than two lifetimes, whatever the server's clock says.
/// </remarks>
internal sealed class VerifiedKeys(TimeProvider clock)
{
    private ImmutableDictionary<Sha256Digest, Proof> _proofs = ImmutableDictionary<Sha256Digest, Proof>.Empty;

    private volatile VerifiedEnclave? _newest;

    /// <summary>The enclave that was verified last.</summary>
    public VerifiedEnclave Newest => _newest ?? throw new InvalidOperationException("No enclave has been verified.");

    /// <summary>How old the last proof is.</summary>
    public TimeSpan NewestAge => _proofs.TryGetValue(Newest.TlsKey!, out var proof) ? Age(proof) : TimeSpan.MaxValue;

    /// <summary>Adds a proof, and forgets those that can serve no connection any more.</summary>
    /// <param name="enclave">The proof.</param>
    /// <param name="verifiedAt">The clock's timestamp before the nonce was sent: the age is never understated.</param>
    public void Add(VerifiedEnclave enclave, long verifiedAt)
    {
        ImmutableInterlocked.Update(ref _proofs, proofs => proofs
            .RemoveRange(proofs.Where(pair => Age(pair.Value) >= pair.Value.Enclave.Lifetime).Select(pair => pair.Key))
            .SetItem(enclave.TlsKey!, new(enclave, verifiedAt)));
        _newest = enclave;
    }

    /// <summary>The callback of every connection that carries data: exactly the verified keys, and nothing else. No I/O.</summary>
    public bool Accepts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            return false;
        }

        using var seen = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return _proofs.TryGetValue(Sha256Digest.Of(seen.PublicKey.ExportSubjectPublicKeyInfo()), out var proof) && Age(proof) < proof.Enclave.Lifetime;
    }

    private TimeSpan Age(Proof proof) => clock.GetElapsedTime(proof.VerifiedAt);

    private sealed record Proof(VerifiedEnclave Enclave, long VerifiedAt);
}
