namespace BlindAI.Attestation.Evidence;

/// <summary>The names under which collateral travels beside evidence. The same names are the roles of the vectors.</summary>
/// <remarks>Source: docs/attestation.md, clause 16.3.</remarks>
public static class EndorsementName
{
    /// <summary>DCAP: TCB info, the JSON as Intel signed it.</summary>
    public const string TcbInfo = "tcb_info";

    /// <summary>DCAP: certificates of the key that signed the TCB info, PEM, leaf first.</summary>
    public const string TcbInfoIssuerChain = "tcb_info_issuer_chain";

    /// <summary>DCAP: identity of the quoting enclave, the JSON as Intel signed it.</summary>
    public const string QeIdentity = "qe_identity";

    /// <summary>DCAP: certificates of the key that signed the QE identity, PEM, leaf first.</summary>
    public const string QeIdentityIssuerChain = "qe_identity_issuer_chain";

    /// <summary>DCAP: revocation list of the CA that issued the PCK certificate.</summary>
    public const string PckCrl = "pck_crl";

    /// <summary>DCAP: certificates of the issuer of the PCK CRL, PEM.</summary>
    public const string PckCrlIssuerChain = "pck_crl_issuer_chain";

    /// <summary>DCAP: revocation list of the root.</summary>
    public const string RootCaCrl = "root_ca_crl";

    /// <summary>DCAP: the PCK chain, PEM, leaf first, where the quote does not carry it.</summary>
    public const string PckChain = "pck_chain";

    /// <summary>SEV-SNP: the VCEK or VLEK certificate, DER or PEM.</summary>
    public const string Leaf = "leaf";

    /// <summary>SEV-SNP: the ASK or ASVK certificate, DER or PEM.</summary>
    public const string Ask = "ask";

    /// <summary>SEV-SNP: the ARK certificate, DER or PEM; trusted only by its pinned key.</summary>
    public const string Ark = "ark";

    /// <summary>SEV-SNP: the ARK's revocation list.</summary>
    public const string Crl = "crl";

    /// <summary>SEV-SNP: the host's table of certificates by GUID, as the guest's driver hands it over; the names above come first.</summary>
    public const string CertTable = "cert_table";

    /// <summary>Azure: the signature of the TPM quote.</summary>
    public const string TpmQuoteSignature = "tpm_quote_sig";

    /// <summary>Azure: the HCL report.</summary>
    public const string HclReport = "hcl_report";

    /// <summary>Azure: the values of the quoted registers, JSON.</summary>
    public const string Pcrs = "pcrs";

    /// <summary>Azure: the TD quote of the virtual machine.</summary>
    public const string Quote = "quote";

    /// <summary>NVIDIA: the certificates of the device, PEM, leaf first.</summary>
    public const string CertChain = "cert_chain";

    /// <summary>NVIDIA: reference measurements of the driver.</summary>
    public const string DriverRim = "driver_rim";

    /// <summary>NVIDIA: reference measurements of the VBIOS.</summary>
    public const string VbiosRim = "vbios_rim";
}
