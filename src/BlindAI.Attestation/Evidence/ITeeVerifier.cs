using System.Text.Json.Nodes;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Evidence;

/// <summary>How one TEE's evidence is proved and judged. Pure: no clock, no network, no log.</summary>
public interface ITeeVerifier
{
    /// <summary>The TEE whose evidence this verifies.</summary>
    TeeKind Tee { get; }

    /// <summary>Decides whether evidence is authentic and answers the challenge.</summary>
    /// <param name="evidence">The item as received, with its collateral as endorsements (<see cref="EndorsementName"/>). Nothing of it is trusted.</param>
    /// <param name="challenge">What the enclave must have had signed.</param>
    /// <param name="now">The instant at which certificates and collateral must be valid.</param>
    /// <exception cref="AttestationException">A step failed; the code says which.</exception>
    VerifiedEvidence Verify(TeeEvidence evidence, EvidenceChallenge challenge, DateTimeOffset now);

    /// <summary>Decides whether authentic evidence is acceptable. Authentic and acceptable are two results.</summary>
    /// <exception cref="AttestationException">The first demand that fails gives the code.</exception>
    void Judge(VerifiedEvidence evidence, PolicyEntry entry);

    /// <summary>What prudence says where no policy was given: no debug mode, no migration, no platform that Intel calls out of date. AMD and AWS publish no such judgement: there it says nothing of the platform. No substitute for a policy.</summary>
    /// <exception cref="AttestationException">The first demand that fails gives the code.</exception>
    void JudgeByDefault(VerifiedEvidence evidence);

    /// <summary>Decodes evidence by the vendor's names and believes nothing.</summary>
    /// <exception cref="AttestationException">The 1xx or 2xx family.</exception>
    JsonObject Show(TeeEvidence evidence);
}
