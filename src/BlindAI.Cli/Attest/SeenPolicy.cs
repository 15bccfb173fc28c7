using BlindAI.Attestation;
using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Client;

namespace BlindAI.Cli.Attest;

/// <summary>The policy of <c>blindai attest --write-policy</c>: it accepts the enclave that was seen, and whatever proves the same.</summary>
/// <remarks>It decides nothing that evidence cannot show: any machine, any model. A person narrows those.</remarks>
internal static class SeenPolicy
{
    /// <summary>The policy for an enclave that another policy has accepted.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.PolicyUnsupported"/>: no policy can be written for that TEE.</exception>
    public static AttestationPolicy Of(VerifiedEnclave enclave) => Of(enclave.Claims, enclave.Evidence);

    /// <summary>The policy for a server that no policy has accepted yet: its hardware is proved, what it runs is taken as it is.</summary>
    /// <exception cref="AttestationException">The evidence does not hold, or does not cover the claims.</exception>
    public static async Task<AttestationPolicy> OfAsync(EvidenceTranscript transcript, TeeEvidence item, CollateralClient? collateral, CancellationToken cancellationToken)
    {
        var complete = collateral is null ? item : await collateral.CompleteAsync(item, cancellationToken);
        var encoded = transcript.Evidence.EncodedClaims;
        var challenge = EvidenceChallenge.ForClaims(ReportData.ForClaims(encoded.Span), transcript.Seen.Nonce);
        var evidence = TeeVerifiers.For(TeeKind.FindByEvidenceType(item.Type)!).Verify(complete, challenge, transcript.ReceivedAt);
        return Of(Claims.Parse(encoded), evidence);
    }

    private static AttestationPolicy Of(Claims claims, VerifiedEvidence evidence) => new()
    {
        Service = claims.Service,
        Machines = new MachineRule.Any(),
        Configuration = DigestRule.OneOf(new HexValue(claims.Configuration.Bytes)),
        Accept = [SeenEntry.Of(evidence)],
        OtherModels = OtherModels.Allow,
    };
}
