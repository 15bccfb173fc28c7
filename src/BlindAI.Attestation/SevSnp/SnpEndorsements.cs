using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.SevSnp;

/// <summary>The certificates that came with a report, each under its own name or else from the host's table. None of them is believed.</summary>
internal sealed class SnpEndorsements(TeeEvidence evidence, SnpSigningKey signingKey)
{
    private readonly SnpCertificateTable? _table = evidence.FindEndorsement(EndorsementName.CertTable) is { } table ? SnpCertificateTable.Parse(table) : null;

    /// <summary>The VCEK or VLEK certificate.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.CollateralMissing"/>, or the 1xx family.</exception>
    public Certificate RequireLeaf() => FindLeaf() ?? throw Missing(EndorsementName.Leaf);

    /// <summary>The ASK or ASVK certificate.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.CollateralMissing"/>, or the 1xx family.</exception>
    public Certificate RequireAsk() => FindAsk() ?? throw Missing(EndorsementName.Ask);

    /// <summary>The ARK certificate.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.CollateralMissing"/>, or the 1xx family.</exception>
    public Certificate RequireArk() => FindArk() ?? throw Missing(EndorsementName.Ark);

    /// <summary>The VCEK or VLEK certificate; null when it is not there.</summary>
    /// <exception cref="AttestationException">The 1xx family.</exception>
    public Certificate? FindLeaf() => Find(EndorsementName.Leaf, signingKey == SnpSigningKey.VLEK ? SnpCertificateTable.Vlek : SnpCertificateTable.Vcek);

    /// <summary>The ASK or ASVK certificate; null when it is not there.</summary>
    /// <exception cref="AttestationException">The 1xx family.</exception>
    public Certificate? FindAsk() => Find(EndorsementName.Ask, SnpCertificateTable.Ask);

    /// <summary>The ARK certificate; null when it is not there.</summary>
    /// <exception cref="AttestationException">The 1xx family.</exception>
    public Certificate? FindArk() => Find(EndorsementName.Ark, SnpCertificateTable.Ark);

    /// <summary>The ARK's revocation list; null when it is not there.</summary>
    /// <exception cref="AttestationException">The 1xx family.</exception>
    public RevocationList? FindCrl() =>
        evidence.FindEndorsement(EndorsementName.Crl) is { } named ? RevocationList.Parse(named)
        : _table?.Find(SnpCertificateTable.Crl) is { } hinted ? RevocationList.Parse(hinted)
        : null;

    private Certificate? Find(string name, Guid entry) =>
        evidence.FindEndorsement(name) is { } named ? ReadOne(name, named)
        : _table?.Find(entry) is { } hinted ? ReadHint(name, hinted)
        : null;

    private static Certificate ReadOne(string name, ReadOnlyMemory<byte> bytes)
    {
        var certificates = Pem.ReadCertificates(bytes);
        Reject.Unless(certificates.Count == 1, RejectionCode.ValueInvalid, $"The endorsement \"{name}\" holds {certificates.Count} certificates, not one.");
        return certificates[0];
    }

    // The host's certificate is a hint. One that is none is as good as absent, and the caller then fetches the right one.
    private static Certificate? ReadHint(string name, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return ReadOne(name, bytes);
        }
        catch (AttestationException)
        {
            return null;
        }
    }

    private static AttestationException Missing(string name) => new(RejectionCode.CollateralMissing, $"AMD's certificate \"{name}\" is not there.",
        "fetch it from AMD's key service, or ask the server to send it along.");
}
