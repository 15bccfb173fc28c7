namespace BlindAI.Attestation.SevSnp;

/// <summary>The processor that made a report, by the numbers of CPUID: family and model with their extensions added.</summary>
/// <remarks>Source: AMD publication 56860, ATTESTATION_REPORT, CPUID_FAM_ID to CPUID_STEP; reports of version 3 and later.</remarks>
/// <param name="Family">Such as 19h.</param>
/// <param name="Model">Such as 11h.</param>
/// <param name="Stepping">Such as 1.</param>
public sealed record SnpCpuid(byte Family, byte Model, byte Stepping)
{
    /// <summary>The product under whose name AMD publishes certificates of this processor; null for one that this version does not know.</summary>
    public SnpProduct? Product => (Family, Model) switch
    {
        (0x19, <= 0x0F) => SnpProduct.Milan,
        (0x19, >= 0x10 and <= 0x1F) or (0x19, >= 0xA0 and <= 0xAF) => SnpProduct.Genoa,
        (0x1A, <= 0x11) => SnpProduct.Turin,
        _ => null,
    };
}
