using System.Security.Cryptography;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Simulation;

/// <summary>Proves that a simulation report was signed by the key that it names. It proves nothing about hardware: there is none.</summary>
/// <remarks>
/// 1. The report parses. 2. Its key is a P-256 key in its one encoding. 3. That key signed the report. 4. It carries the expected report data.
/// Whether the key is the expected one is <see cref="Judge"/>.
/// </remarks>
public sealed class SimulationVerifier : ITeeVerifier
{
    /// <inheritdoc/>
    public TeeKind Tee => TeeKind.Simulation;

    /// <inheritdoc/>
    public VerifiedEvidence Verify(TeeEvidence evidence, ReportData expected, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        ArgumentNullException.ThrowIfNull(expected);
        var report = SimulationReport.Parse(evidence.Data);                                                                              // 1
        using var key = P256PublicKey.Import(report.PublicKey.Span);                                                                         // 2
        Reject.Unless(key.VerifyData(report.SignedBytes.Span, report.Signature.Span, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
            RejectionCode.SignatureInvalid, "The simulation report is not signed by the key that it names.");                            // 3
        Reject.Unless(report.ReportData.Equals(expected), RejectionCode.ReportDataMismatch,
            "The report was made for other claims than those that came with it.");                                                       // 4
        return new VerifiedSimulation(report, Sha256Digest.Of(report.PublicKey.Span));
    }

    /// <inheritdoc/>
    public void Judge(VerifiedEvidence evidence, PolicyEntry entry)
    {
        var (verified, accepted) = ((VerifiedSimulation)evidence, (SimulationPolicyEntry)entry);
        Reject.Unless(accepted.Key.Accepts(verified.Key.Bytes), RejectionCode.SimulationKeyNotAccepted,
            "The simulation is signed with another key than the policy names.",
            "the server prints its simulation key when it starts; every start makes a new one.");
    }
}
