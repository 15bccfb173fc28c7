namespace BlindAI.Attestation.Evidence.Certificates;

/// <summary>The roots that a verifier believes in, by SHA-256 of their SubjectPublicKeyInfo. Compiled in; never taken from a message.</summary>
/// <remarks>Pinned by key and not by certificate: vendors issue a root anew under the same key and other dates. Source: docs/attestation.md, clause 8.</remarks>
internal sealed class TrustAnchors(params IReadOnlyList<Sha256Digest> keys)
{
    /// <summary>SHA-256 of root certificates as a whole, where the vendor has one issue of each: their own signature need not be verified again.</summary>
    public IReadOnlyList<Sha256Digest> Certificates { get; init; } = [];

    /// <summary>Whether the certificate's key is pinned.</summary>
    public bool Contains(Certificate root) => IndexOf(root) >= 0;

    /// <summary>Which of the pinned keys it is; -1 for none.</summary>
    public int IndexOf(Certificate root)
    {
        var key = Sha256Digest.Of(root.SubjectPublicKeyInfo.Span);
        for (var index = 0; index < keys.Count; index++)
        {
            if (keys[index].Equals(key))
            {
                return index;
            }
        }

        return -1;
    }

    /// <summary>Whether every byte of the certificate is pinned.</summary>
    public bool ContainsWhole(Certificate root) => Certificates.Count > 0 && Certificates.Contains(Sha256Digest.Of(root.Encoded.Span));
}
