using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Simulation;

/// <summary>A simulation report whose signature holds. No hardware stands behind it.</summary>
public sealed class VerifiedSimulation : VerifiedEvidence
{
    internal VerifiedSimulation(SimulationReport report)
        : base(TeeKind.Simulation) => Report = report;

    /// <summary>What was signed.</summary>
    public SimulationReport Report { get; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo that signed.</summary>
    public Sha256Digest Key => Sha256Digest.Of(Report.PublicKey.Span);

    /// <inheritdoc/>
    public override JsonObject ToJson() => Report.ToJson();
}
