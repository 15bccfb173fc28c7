using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Simulation;

/// <summary>A simulation report whose signature holds. No hardware stands behind it.</summary>
public sealed class VerifiedSimulation : VerifiedEvidence
{
    internal VerifiedSimulation(SimulationReport report, Sha256Digest key)
        : base(TeeKind.Simulation, report.ReportData) => Key = key;

    /// <summary>SHA-256 of the SubjectPublicKeyInfo that signed.</summary>
    public Sha256Digest Key { get; }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Facts => new Dictionary<string, string> { ["key"] = Key.ToString() };
}
