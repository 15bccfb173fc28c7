namespace BlindAI.Attestation.SevSnp;

/// <summary>Bits of PLATFORM_INFO, by position.</summary>
/// <remarks>Source: AMD publication 56860, ATTESTATION_REPORT, PLATFORM_INFO.</remarks>
public enum SnpPlatformInfoBit
{
    /// <summary>SMT is on.</summary>
    SmtEn = 0,

    /// <summary>All memory is encrypted (TSME).</summary>
    TsmeEn = 1,

    /// <summary>The memory has ECC.</summary>
    EccEn = 2,

    /// <summary>Power readings (RAPL) are off.</summary>
    RaplDis = 3,

    /// <summary>Ciphertext is hidden from the host.</summary>
    CiphertextHidingDramEn = 4,

    /// <summary>Memory was checked for aliases since the last reset: the mitigation of BadRAM, CVE-2024-21944.</summary>
    AliasCheckComplete = 5,

    /// <summary>Trusted I/O is on.</summary>
    TioEn = 7,
}
