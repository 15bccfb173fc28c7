using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Simulation;

/// <summary>Proves that a simulation report was signed by the key that it names. It proves nothing about hardware: there is none.</summary>
/// <remarks>
/// 1. The report parses. 2. Its key is a P-256 key in its one encoding. 3. That key signed the report. 4. It answers the challenge.
/// Whether the key is the expected one is <see cref="Judge"/>.
/// </remarks>
public sealed class SimulationVerifier : ITeeVerifier
{
    /// <inheritdoc/>
    public TeeKind Tee => TeeKind.Simulation;

    /// <inheritdoc/>
    public VerifiedEvidence Verify(TeeEvidence evidence, EvidenceChallenge challenge, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        ArgumentNullException.ThrowIfNull(challenge);
        var report = SimulationReport.Parse(evidence.Data);                                                                              // 1
        using var key = PublicKeyInfo.ImportP256(report.PublicKey.Span);                                                                     // 2
        Reject.Unless(key.VerifyData(report.SignedBytes.Span, report.Signature.Span, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
            RejectionCode.SignatureInvalid, "The simulation report is not signed by the key that it names.");                            // 3
        challenge.RequireReportData(report.ReportData.Bytes);                                                                            // 4
        return new VerifiedSimulation(report) { IsFresh = challenge.IsExpected };
    }

    /// <inheritdoc/>
    public void Judge(VerifiedEvidence evidence, PolicyEntry entry)
    {
        var (verified, accepted) = ((VerifiedSimulation)evidence, (SimulationPolicyEntry)entry);
        Reject.Unless(accepted.Key.Accepts(verified.Key.Bytes), RejectionCode.SimulationKeyNotAccepted,
            "The simulation is signed with another key than the policy names.",
            "the server prints its simulation key when it starts; every start makes a new one.");
    }

    /// <inheritdoc/>
    public void JudgeByDefault(VerifiedEvidence evidence) => throw new AttestationException(RejectionCode.SimulationRefused,
        "The evidence is of simulation, which protects nothing.", "for development only: a policy with a simulation entry.");

    /// <inheritdoc/>
    public JsonObject Show(TeeEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        return SimulationReport.Parse(evidence.Data).ToJson();
    }
}
