namespace BlindAI.Attestation.Dcap;

/// <summary>The Intel authority that certifies a platform's quoting key.</summary>
public enum PckCa
{
    /// <summary>Servers, registered as a whole platform.</summary>
    Platform,

    /// <summary>Single-package processors.</summary>
    Processor,
}
