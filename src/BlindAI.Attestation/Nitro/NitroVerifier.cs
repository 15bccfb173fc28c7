using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Nitro;

/// <summary>Proves that the AWS hypervisor signed a document for an enclave.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 13. 1. The document parses. 2. AWS's root vouches for the key of its certificate, now. 3. That key signed the document.
/// 4. It was made now, if a challenge is expected. 5. It answers the challenge.
/// </remarks>
public sealed class NitroVerifier : ITeeVerifier
{
    /// <summary>How far the hypervisor's clock and ours may differ. Enough for a document to travel and for clocks to disagree; a nonce is what proves freshness.</summary>
    private static readonly TimeSpan MaxClockDifference = TimeSpan.FromMinutes(5);

    private readonly TrustAnchors _roots;

    /// <summary>Believes in AWS's root.</summary>
    public NitroVerifier()
        : this(AwsRoots.NitroEnclaves)
    {
    }

    internal NitroVerifier(TrustAnchors roots) => _roots = roots;

    /// <inheritdoc/>
    public TeeKind Tee => TeeKind.Nitro;

    /// <inheritdoc/>
    public VerifiedEvidence Verify(TeeEvidence evidence, EvidenceChallenge challenge, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        ArgumentNullException.ThrowIfNull(challenge);
        var document = NitroDocument.Parse(evidence.Data);                                                                               // 1
        var chain = ReadChain(document);
        CertificateChain.Verify(chain, _roots, now);                                                                                     // 2
        using var key = chain[0].ImportP384();
        Reject.Unless(key.VerifyData(document.SignedBytes.Span, document.Signature.Span, HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
            RejectionCode.SignatureInvalid, "The document is not signed by the key of its certificate.");                                // 3
        RequireCurrent(document, challenge, now);                                                                                        // 4
        challenge.RequireUserDataAndNonce(document.UserData.GetValueOrDefault().Span, document.Nonce.GetValueOrDefault().Span);          // 5
        return new VerifiedNitro(document) { IsFresh = challenge.IsExpected, ValidUntil = CertificateChain.EndOf(chain) };
    }

    /// <inheritdoc/>
    /// <remarks>1. No debug mode, unless the policy knowingly allows it. 2. Every register of the policy is there and equal. 3. The enclave is an accepted one.</remarks>
    public void Judge(VerifiedEvidence evidence, PolicyEntry entry)
    {
        var (document, accepted) = (((VerifiedNitro)evidence).Document, (NitroPolicyEntry)entry);
        RequireNoDebug(document, accepted.DangerouslyAllowDebug);                                                                        // 1
        foreach (var (index, expected) in accepted.Pcrs)
        {
            Reject.Unless(document.Pcrs.TryGetValue(index, out var seen), RejectionCode.MeasurementNotAccepted, $"The document lacks PCR{index}, which the policy demands.");
            Reject.Unless(expected.Equals(seen.Span), RejectionCode.MeasurementNotAccepted, $"PCR{index} is not the one that the policy names.",
                "compare with the measurements that 'nitro-cli build-enclave' printed for the image that you reviewed.");                // 2
        }

        Reject.Unless(accepted.ModuleIds is null || accepted.ModuleIds.Contains(document.ModuleId), RejectionCode.GuestNotAccepted,
            "The enclave's module id is not among those of the policy.", "every start of an enclave makes a new one.");                  // 3
    }

    /// <inheritdoc/>
    public void JudgeByDefault(VerifiedEvidence evidence) => RequireNoDebug(((VerifiedNitro)evidence).Document, isAllowed: false);

    /// <inheritdoc/>
    public JsonObject Show(TeeEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        return NitroDocument.Parse(evidence.Data).ToJson();
    }

    // The bundle has the root first; a chain of ours has the leaf first.
    private static List<Certificate> ReadChain(NitroDocument document) =>
        [Certificate.Parse(document.LeafCertificate), .. document.Bundle.Reverse().Select(Certificate.Parse)];

    private static void RequireCurrent(NitroDocument document, EvidenceChallenge challenge, DateTimeOffset now)
    {
        var made = DateTimeOffset.FromUnixTimeMilliseconds((long)document.TimestampMilliseconds);
        Reject.Unless(!challenge.IsExpected || (now - made).Duration() <= MaxClockDifference, RejectionCode.DocumentNotCurrent,
            $"The document was made at {made:u}, not within {MaxClockDifference.TotalMinutes} minutes of {now.ToUniversalTime():u}.", "check the clock of this machine; if it is right, ask for fresh evidence.");
    }

    private static void RequireNoDebug(NitroDocument document, bool isAllowed) =>
        Reject.Unless(isAllowed || !document.IsDebug, RejectionCode.DebugNotAccepted, "The enclave runs in debug mode (PCR0 is zero): its parent can read its console.", "start it without --debug-mode.");
}
