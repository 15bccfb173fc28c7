using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation.NvidiaGpu;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Evidence;

/// <summary>The claims step: from an evidence object and one's own view of the connection to the one thing that may be sent to.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 4. No clock, no network, no log; the one thing it may read is the certificate file that a policy names. In order, the first failure gives the code:
/// 1. The policy is still valid. 2. A TEE that the policy names signed the evidence. 3. What it signed is the digest of these very claims.
/// 4. The claims carry my nonce. 5. They name the TLS key that I saw, or, where TLS ends elsewhere, the keys to seal to. 6. They name the binder of my connection, if one was demanded.
/// 7. The keys beside the claims are the claimed ones. 8. The service is the policy's. 9. The trust configuration is an accepted one.
/// 10. One entry of the policy accepts what the TEE vouches for. 11. The machine is an accepted one.
/// </remarks>
public static class EnclaveVerifier
{
    /// <summary>Verifies an enclave, or refuses.</summary>
    /// <param name="value">The evidence object as received.</param>
    /// <param name="seen">What this client sent and saw itself.</param>
    /// <param name="policy">What is accepted.</param>
    /// <param name="now">The client's clock: for the policy's validity and for certificates.</param>
    /// <exception cref="AttestationException">A step failed; the code says which.</exception>
    public static VerifiedEnclave Verify(EvidenceObject value, ChannelObservation seen, AttestationPolicy policy, DateTimeOffset now) =>
        Verify(value, seen, policy, now, TeeVerifiers.For);

    /// <summary>The same with verifiers of one's own choice: tests bring some that trust test roots.</summary>
    internal static VerifiedEnclave Verify(EvidenceObject value, ChannelObservation seen, AttestationPolicy policy, DateTimeOffset now, Func<TeeKind, ITeeVerifier> verifiers)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(seen);
        ArgumentNullException.ThrowIfNull(policy);
        var steps = new List<ProvedStep>();

        policy.RequireValidAt(now);                                                                                                 // 1
        steps.Add(new(1, "policy is valid", "Your own rules for what to accept have not expired."));

        var claimsDigest = Sha256Digest.Of(value.EncodedClaims.Span);
        var (evidence, item) = VerifyEvidence(value, policy, verifiers, EvidenceChallenge.ForClaims(ReportData.ForClaims(value.EncodedClaims.Span), seen.Nonce), now);   // 2, 3
        steps.Add(new(2, "evidence is authentic", MeaningOf(evidence.Tee)));
        steps.Add(new(3, "evidence covers the claims", "What the server says about itself is exactly what was signed; nobody changed a bit of it on the way."));

        var claims = Claims.Parse(value.EncodedClaims);
        Reject.Unless(claims.Nonce is { } nonce && nonce.Matches(seen.Nonce.Bytes.Span), RejectionCode.NonceMismatch,
            "The evidence does not carry the nonce of this exchange: it is old, or was made for somebody else.");                   // 4
        steps.Add(new(4, "evidence is fresh", "It answers a random number that was made for this exchange a moment ago, so it is not a recording."));

        var tls = seen as TlsObservation;
        using var certificate = tls is null ? null : X509CertificateLoader.LoadCertificate(tls.TlsCertificate.Span);
        if (certificate is null)
        {
            Reject.Unless(claims.SealedRequestKeys is not null && value.SealedRequestKeys is not null, RejectionCode.SealedRequestsUnsupported,
                "The enclave offers no sealed requests, so nothing can be sent to it through somebody who ends TLS.", "connect past him.");
            steps.Add(new(5, "requests are sealed to the enclave", "Somebody ends TLS on the way and is trusted with nothing: each request is encrypted to a key that the evidence names."));
        }
        else
        {
            Reject.Unless(claims.TlsKey.Equals(Sha256Digest.Of(certificate.PublicKey.ExportSubjectPublicKeyInfo())), RejectionCode.TlsKeyMismatch,
                "The evidence names another TLS key than the one of this connection: somebody stands between you and the enclave.",
                "a proxy that ends TLS (corporate inspection, CDN, ingress) looks the same; connect past it, or use sealed requests.");
            RaTlsCheck.Verify(certificate, evidence, item, verifiers, now);
            steps.Add(new(5, "connection ends in the enclave", "The encryption key of this connection is the one that the evidence names; nobody in between can read along."));
        }                                                                                                                           // 5

        CheckBinder(claims, tls?.Binder, policy);                                                                                   // 6
        steps.Add((tls, tls?.Binder) switch
        {
            (null, _) => new(6, "binder is not needed", "What is sealed is for the enclave alone, over whatever connection it travels."),
            (_, null) => new(6, "binder is NOT CHECKED", "The evidence names the key of this connection, not the connection itself: whoever stole that key could relay it."),
            _ => new(6, "connection is bound", "The evidence was made for this very connection, not only for its key."),
        });

        CheckKeys(value, claims);                                                                                                   // 7
        steps.Add(new(7, "keys match", "The other keys that came along are the ones that the evidence names."));
        Reject.Unless(claims.Service == policy.Service, RejectionCode.ServiceMismatch,
            "The enclave serves under another service name than the policy expects.", "compare the policy's \"service\" with the server's configuration.");  // 8
        steps.Add(new(8, "service is the expected one", $"The enclave says that it serves \"{policy.Service}\", as your policy expects."));

        Reject.Unless(policy.Configuration.Accepts(claims.Configuration.Bytes), RejectionCode.ConfigurationNotAccepted,
            "The enclave runs under a trust configuration that the policy does not accept.",
            "compare 'blindai digest --configuration FILE' of the configuration that you reviewed.");                               // 9
        steps.Add(policy.Configuration.Digests is null
            ? new(9, "configuration is NOT CHECKED", "Your policy accepts any configuration: logging, callers and limits are whatever the operator chose.")
            : new(9, "configuration is accepted", "Logging, callers and limits are set as your policy expects."));

        var ends = new List<DateTimeOffset?> { evidence.ValidUntil, policy.ValidUntil };
        var entry = Judge(evidence, [.. policy.Accept.Where(entry => entry.Tee == evidence.Tee)], verifiers(evidence.Tee),
            gpu => ends.Add(GpuCheck.Verify(value, claims, seen, gpu, verifiers(TeeKind.NvidiaGpu), now).ValidUntil));                                   // 10
        steps.Add(MeaningOfJudgement(evidence, entry));

        MachineCheck.Judge(evidence, policy.Machines, certificate, tls, now);                                                      // 11
        steps.Add(policy.Machines is MachineRule.Any
            ? new(11, "machine is NOT CHECKED", "Your policy accepts any machine: this proves what runs, not whose computer it runs on.")
            : new(11, "machine is accepted", "The enclave runs on a machine that your policy names."));

        return new(evidence, claims, claimsDigest, policy, LifetimeOf(policy, ends, now), steps)
        {
            SealedRequestKeys = tls is null ? value.SealedRequestKeys : null,
            ConnectionKey = value.ConnectionKey,
            ValidUntil = ends.Min(),
        };
    }

    /// <summary>What a policy says of evidence alone, with no claims and no connection beside it: for captured evidence. It permits nothing.</summary>
    /// <remarks>
    /// Steps 1, 10 and 11 of the above, as far as evidence alone can show them: service, configuration and a machine that a certificate authority vouches for stay
    /// unchecked, and an entry that demands a GPU refuses, since what joins a GPU to its CPU are the claims.
    /// </remarks>
    /// <exception cref="AttestationException"><see cref="RejectionCode.PolicyExpired"/>, the 5xx family.</exception>
    public static void JudgeCaptured(VerifiedEvidence evidence, AttestationPolicy policy, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        ArgumentNullException.ThrowIfNull(policy);
        policy.RequireValidAt(now);
        var entries = evidence.Tee == TeeKind.NvidiaGpu ? policy.Accept.Select(entry => entry.DemandedGpu).OfType<PolicyEntry>() : policy.Accept.Where(entry => entry.Tee == evidence.Tee);
        Reject.Unless(entries.Any(), RejectionCode.TeeNotAccepted, $"The policy has no entry for {evidence.Tee}.");
        Judge(evidence, [.. entries], TeeVerifiers.For(evidence.Tee),
            _ => throw new AttestationException(RejectionCode.GpuNotProved, "The policy demands a GPU, and evidence alone does not show which GPU belongs to it."));
        if (policy.Machines is MachineRule.Listed listed)
        {
            MachineCheck.JudgeIdentity(listed, evidence);
        }
    }

    private static (VerifiedEvidence Evidence, TeeEvidence Item) VerifyEvidence(
        EvidenceObject value, AttestationPolicy policy, Func<TeeKind, ITeeVerifier> verifiers, EvidenceChallenge challenge, DateTimeOffset now)
    {
        // Evidence of a TEE that the policy does not name is ignored, not an error: a server may offer several.
        var items = value.Evidence
            .Select(item => (Item: item, Tee: TeeKind.FindByEvidenceType(item.Type)))
            .Where(pair => pair.Tee is not null && policy.Accept.Any(entry => entry.Tee == pair.Tee))
            .ToList();
        if (items.Count == 0)
        {
            throw value.Evidence.Any(item => TeeKind.FindByEvidenceType(item.Type) is { IsHardware: false })
                ? new AttestationException(RejectionCode.SimulationRefused, "The server runs in simulation, which protects nothing, and the policy does not allow that.",
                    "for development only: a policy with a simulation entry, or --dangerously-allow-simulation.")
                : new AttestationException(RejectionCode.TeeNotAccepted, "The server gave evidence of no TEE that the policy accepts.");
        }

        return FirstThatHolds(items, pair => (verifiers(pair.Tee!).Verify(pair.Item, challenge, now), pair.Item));
    }

    private static PolicyEntry Judge(VerifiedEvidence evidence, List<PolicyEntry> entries, ITeeVerifier verifier, Action<NvidiaPolicyEntry> proveGpu) =>
        FirstThatHolds(entries, entry =>
        {
            verifier.Judge(evidence, entry);
            if (entry.DemandedGpu is { } gpu)
            {
                proveGpu(gpu);
            }

            return entry;
        });

    // What the proof rests on, or the policy itself, may end before the policy would have it renewed.
    private static TimeSpan LifetimeOf(AttestationPolicy policy, List<DateTimeOffset?> ends, DateTimeOffset now) =>
        ends.Min() is { } end && end - now < policy.ReattestAfter ? end - now : policy.ReattestAfter;

    // Any one may hold. When none does, the first refusal is the answer: it is of what the policy's author, or the server, put first.
    private static TResult FirstThatHolds<T, TResult>(List<T> candidates, Func<T, TResult> prove)
    {
        AttestationException? first = null;
        foreach (var candidate in candidates)
        {
            try
            {
                return prove(candidate);
            }
            catch (AttestationException exception)
            {
                first ??= exception;
            }
        }

        throw first ?? new AttestationException(RejectionCode.Internal, "There was nothing to verify.");
    }

    private static void CheckBinder(Claims claims, ChannelBinder? binder, AttestationPolicy policy)
    {
        Reject.Unless(policy.Binder == BinderRequirement.Preferred || binder is not null, RejectionCode.PolicyUnsupported,
            "The policy requires a channel binder, and this connection has none.", "connect in gated mode, on a platform whose TLS gives one (Linux), or use \"binder\": \"preferred\".");
        Reject.Unless(binder is null || binder == claims.Binder, RejectionCode.BinderMismatch,
            "The evidence was made for another connection than this one: somebody who holds the server's TLS key relays it.");
    }

    private static void CheckKeys(EvidenceObject value, Claims claims)
    {
        Reject.Unless(value.ReceiptKey is not { } receiptKey || claims.ReceiptKey.Equals(Sha256Digest.Of(receiptKey.Span)),
            RejectionCode.KeyHashMismatch, "\"sig_spki\" is not the receipt key that the claims name.");
        Reject.Unless(value.SealedRequestKeys is not { } keys || claims.SealedRequestKeys is { } claimed && claimed.Equals(Sha256Digest.Of(keys.Span)),
            RejectionCode.KeyHashMismatch, "\"hpke_keys\" are not the keys that the claims name.");
        Reject.Unless(value.ConnectionKey is not { } connectionKey || claims.ConnectionKey is { } named && named.Equals(Sha256Digest.Of(connectionKey.Span)),
            RejectionCode.KeyHashMismatch, "\"conn_spki\" is not the connection key that the claims name.");
    }

    private static string MeaningOf(TeeKind tee) => tee.IsHardware
        ? $"The {tee} hardware signed it, under keys that its vendor vouches for."
        : "It is signed by a SIMULATION key. No hardware vouches for anything: whoever runs the server can read your data.";

    private static ProvedStep MeaningOfJudgement(VerifiedEvidence evidence, PolicyEntry entry) => evidence.Tee.IsHardware
        ? new(10, "code is accepted", entry.DemandedGpu is null
            ? "The code that was measured, and the state of the platform, are what your policy demands."
            : "The code that was measured, the state of the platform and the GPU beside it are what your policy demands.")
        : new(10, "simulation key is accepted", "It is the simulation that your policy allows. What code it runs is NOT proved.");
}
