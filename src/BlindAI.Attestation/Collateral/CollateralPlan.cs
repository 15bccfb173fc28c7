using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Collateral;

/// <summary>What to fetch for evidence: one branch for each vendor that publishes something.</summary>
internal static class CollateralPlan
{
    /// <exception cref="AttestationException">The evidence does not parse.</exception>
    public static IReadOnlyList<CollateralRequest> Of(TeeEvidence evidence, CollateralOptions options) => [];
}
