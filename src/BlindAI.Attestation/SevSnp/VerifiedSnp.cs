using System.Text.Json.Nodes;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.SevSnp;

/// <summary>An SNP report that AMD's hardware signed: authentic, not yet judged.</summary>
public sealed class VerifiedSnp : VerifiedEvidence
{
    private readonly SnpLeaf _leaf;

    internal VerifiedSnp(SnpReport report, SnpProduct product, SnpLeaf leaf)
        : base(TeeKind.SevSnp)
    {
        Report = report;
        Product = product;
        _leaf = leaf;
    }

    /// <summary>What was signed.</summary>
    public SnpReport Report { get; }

    /// <summary>The product under whose root the signing key was certified.</summary>
    public SnpProduct Product { get; }

    /// <summary>The cloud provider that a VLEK certificate names; null for a VCEK.</summary>
    public string? CspId => _leaf.CspId;

    /// <summary>Whether AMD's revocation list was there, and was checked. Without one nobody looked whether AMD has revoked the ASK.</summary>
    public required bool CrlChecked { get; init; }

    /// <summary>The TCB for which the signing key was derived.</summary>
    public SnpTcb ReportedTcb => SnpTcb.Parse(Product, Report.ReportedTcb.Span);

    /// <summary>The TCB at the guest's launch.</summary>
    public SnpTcb LaunchTcb => SnpTcb.Parse(Product, Report.LaunchTcb.Span);

    /// <inheritdoc/>
    public override MachineIdentity Machine => Report.NamesChip ? new() { ChipId = Report.ChipId } : MachineIdentity.None;

    /// <inheritdoc/>
    public override JsonObject ToJson()
    {
        var claims = ToClaims();
        SnpClaims.AddDetails(claims, Report);
        claims["crl_checked"] = CrlChecked;
        return claims;
    }

    internal override JsonObject ToClaims() => SnpClaims.Of(Report, Product, _leaf);
}
