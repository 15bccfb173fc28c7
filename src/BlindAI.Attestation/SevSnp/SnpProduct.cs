namespace BlindAI.Attestation.SevSnp;

/// <summary>An AMD EPYC generation, by the name under which AMD publishes its certificates.</summary>
/// <remarks>Source: AMD publication 57230 (VCEK certificate and KDS interface). Bergamo and Siena are published as Genoa.</remarks>
public enum SnpProduct
{
    /// <summary>EPYC 7003, family 19h models 00h to 0Fh. Its attestation root was extracted by software (arXiv 2605.12990).</summary>
    Milan,

    /// <summary>EPYC 9004 and 8004: family 19h models 10h to 1Fh and A0h to AFh.</summary>
    Genoa,

    /// <summary>EPYC 9005: family 1Ah models 00h to 11h.</summary>
    Turin,
}
