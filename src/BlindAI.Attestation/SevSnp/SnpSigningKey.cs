namespace BlindAI.Attestation.SevSnp;

/// <summary>The kind of key that signs attestation reports.</summary>
public enum SnpSigningKey
{
    /// <summary>The chip's own key, derived for one TCB.</summary>
    VCEK,

    /// <summary>A key loaded by the cloud provider, which hides the chip.</summary>
    VLEK,
}
