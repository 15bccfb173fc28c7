namespace BlindAI.Attestation.Evidence.Certificates;

/// <summary>A chain of certificates, leaf first, root last: from a pinned root down to the key that signed.</summary>
internal static class CertificateChain
{
    /// <summary>Most certificates of a chain; NVIDIA's five and AWS's five or six are the longest.</summary>
    public const int MaxLength = 8;

    /// <summary>Decides whether a pinned root vouches for the leaf.</summary>
    /// <remarks>
    /// 1. The root is pinned. Then from the root downwards, for every certificate: 2. it is valid now; 3. its issuer may issue it: an authority, with room left for
    /// the path; 4. its issuer's key signed it, under its name (a root that is pinned as a whole needs no signature); 5. nothing critical in it goes unread.
    /// </remarks>
    /// <param name="chain">Leaf first, root last.</param>
    /// <param name="roots">What to believe in.</param>
    /// <param name="now">When all of them must be valid.</param>
    /// <param name="knownCritical">A critical extension of the leaf that the caller itself reads; null for none.</param>
    /// <exception cref="AttestationException"><see cref="RejectionCode.ChainUntrusted"/>, <see cref="RejectionCode.CertificateNotInValidity"/>, <see cref="RejectionCode.TooLarge"/>.</exception>
    public static void Verify(IReadOnlyList<Certificate> chain, TrustAnchors roots, DateTimeOffset now, string? knownCritical = null)
    {
        Reject.Unless(chain.Count <= MaxLength, RejectionCode.TooLarge, $"The certificate chain has {chain.Count} certificates; the limit is {MaxLength}.");
        Reject.Unless(chain.Count >= 2, RejectionCode.ChainUntrusted, "The certificate chain has no issuer for its leaf.");
        var root = chain[^1];
        Reject.Unless(roots.Contains(root), RejectionCode.ChainUntrusted, $"The certificate chain ends in {Named(root)}, which is not a root that is trusted here.",
            "a chain that ends in a test root, or that somebody made, looks like this.");                                                               // 1
        for (var index = chain.Count - 1; index >= 0; index--)
        {
            var (certificate, issuer) = (chain[index], chain[Math.Min(index + 1, chain.Count - 1)]);
            RequireValidAt(certificate, now);                                                                                                          // 2
            Reject.Unless(issuer is { IsAuthority: true, MaySignCertificates: true } && !(issuer.PathLength < index - (issuer == certificate ? 1 : 0)), RejectionCode.ChainUntrusted,
                $"{Named(issuer)} may not issue {Named(certificate)}.");                                                                               // 3
            Reject.Unless((certificate == root && roots.ContainsWhole(root)) || certificate.IsSignedBy(issuer), RejectionCode.ChainUntrusted, $"{Named(certificate)} is not signed by {Named(issuer)}.");      // 4
            Reject.Unless(certificate.UnknownCriticalExtensions.All(oid => index == 0 && oid == knownCritical), RejectionCode.ChainUntrusted,
                $"{Named(certificate)} has a critical extension that this version does not know.");                                                    // 5
        }
    }

    /// <exception cref="AttestationException"><see cref="RejectionCode.CertificateNotInValidity"/>.</exception>
    public static void RequireValidAt(Certificate certificate, DateTimeOffset now) =>
        Reject.Unless(certificate.NotBefore <= now && now <= certificate.NotAfter, RejectionCode.CertificateNotInValidity,
            $"{Named(certificate)} is valid from {certificate.NotBefore:u} to {certificate.NotAfter:u}, not at {now.ToUniversalTime():u}.",
            "check the clock of this machine; if it is right, ask for fresh evidence.");

    /// <summary>The earliest end of validity.</summary>
    public static DateTimeOffset EndOf(IEnumerable<Certificate> chain) => chain.Min(certificate => certificate.NotAfter);

    private static string Named(Certificate certificate) => $"the certificate \"{Shown.Text(certificate.SubjectCommonName)}\"";
}
