using System.Text.Json.Nodes;

namespace BlindAI.Attestation.Evidence;

/// <summary>What hardware vouches for, proved from evidence alone: authentic, not yet judged, and no permission to send anything.</summary>
/// <remarks>Made by verifiers only; each TEE derives its own with the report that it proved.</remarks>
public abstract class VerifiedEvidence
{
    private protected VerifiedEvidence(TeeKind tee) => Tee = tee;

    /// <summary>The TEE that signed.</summary>
    public TeeKind Tee { get; }

    /// <summary>Whether the evidence was proved to answer a challenge; if not, it may be a recording.</summary>
    public required bool IsFresh { get; init; }

    /// <summary>The end of the validity of whatever the proof rests on (certificates, collateral, CRLs): verify anew by then. Null when nothing of it ends.</summary>
    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>Which machine it is, as far as its TEE says.</summary>
    public virtual MachineIdentity Machine => MachineIdentity.None;

    /// <summary>The proved facts by the vendor's names: the claims of vectors and command line. For display; decisions read the typed members.</summary>
    public abstract JsonObject ToJson();

    /// <summary>The same without what the vectors have no name for: as part of other evidence it is exactly their object.</summary>
    internal virtual JsonObject ToClaims() => ToJson();
}
