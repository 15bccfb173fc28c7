namespace BlindAI.Attestation.Evidence;

/// <summary>What hardware vouches for, proved from evidence alone: authentic, not yet judged, and no permission to send anything.</summary>
/// <remarks>Made by verifiers only; each TEE derives its own with the report that it proved.</remarks>
public abstract class VerifiedEvidence
{
    private protected VerifiedEvidence(TeeKind tee, ReportData reportData)
    {
        Tee = tee;
        ReportData = reportData;
    }

    /// <summary>The TEE that signed.</summary>
    public TeeKind Tee { get; }

    /// <summary>What the enclave had signed.</summary>
    public ReportData ReportData { get; }

    /// <summary>The proved facts by the vendor's names, for display: never secret, never to be parsed.</summary>
    public abstract IReadOnlyDictionary<string, string> Facts { get; }
}
