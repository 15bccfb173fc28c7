namespace BlindAI.Attestation.Dcap;

/// <summary>How a platform protects enclave memory. Source: PCK certificate extension 1.2.840.113741.1.13.1.5.</summary>
public enum SgxType
{
    /// <summary>With an integrity tree, for small memories (client processors).</summary>
    Standard = 0,

    /// <summary>Encrypted only (servers).</summary>
    Scalable = 1,

    /// <summary>Encrypted with integrity (servers).</summary>
    ScalableWithIntegrity = 2,
}
