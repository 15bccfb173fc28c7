using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Nitro;

/// <summary>A document that AWS's root vouches for. It names no machine that a list of machines could hold; PCR3 and PCR4 say whose it is.</summary>
public sealed class VerifiedNitro : VerifiedEvidence
{
    internal VerifiedNitro(NitroDocument document)
        : base(TeeKind.Nitro) => Document = document;

    /// <summary>What was signed.</summary>
    public NitroDocument Document { get; }

    /// <inheritdoc/>
    public override JsonObject ToJson() => Document.ToJson();
}
