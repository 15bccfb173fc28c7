using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.Evidence;

/// <summary>How one TEE's evidence is proved and judged. Pure: no clock, no network, no log.</summary>
public interface ITeeVerifier
{
    /// <summary>The TEE whose evidence this verifies.</summary>
    TeeKind Tee { get; }

    /// <summary>Decides whether evidence is authentic and carries the expected report data.</summary>
    /// <param name="evidence">The item as received.</param>
    /// <param name="expected">What the enclave must have had signed.</param>
    /// <param name="now">The instant at which certificates and collateral must be valid.</param>
    /// <exception cref="AttestationException">A step failed; the code says which.</exception>
    VerifiedEvidence Verify(TeeEvidence evidence, ReportData expected, DateTimeOffset now);

    /// <summary>Decides whether authentic evidence is acceptable. Authentic and acceptable are two results.</summary>
    /// <exception cref="AttestationException">The first demand that fails gives the code.</exception>
    void Judge(VerifiedEvidence evidence, PolicyEntry entry);
}
