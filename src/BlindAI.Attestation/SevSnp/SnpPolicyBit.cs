namespace BlindAI.Attestation.SevSnp;

/// <summary>Bits of the guest POLICY, by position; DEBUG (19) is decided by <c>dangerouslyAllowDebug</c>.</summary>
/// <remarks>Source: AMD publication 56860, guest policy.</remarks>
public enum SnpPolicyBit
{
    /// <summary>The guest may run where SMT is on.</summary>
    Smt = 16,

    /// <summary>A migration agent may take the guest elsewhere.</summary>
    MigrateMa = 18,

    /// <summary>The guest runs on one socket only.</summary>
    SingleSocket = 20,

    /// <summary>CXL devices may be populated.</summary>
    CxlAllow = 21,

    /// <summary>Memory must be encrypted with AES-256-XTS.</summary>
    MemAes256Xts = 22,

    /// <summary>Power readings (RAPL) must be off.</summary>
    RaplDis = 23,

    /// <summary>Ciphertext must be hidden from the host.</summary>
    CiphertextHidingDram = 24,

    /// <summary>Guest pages may not be swapped.</summary>
    PageSwapDisable = 25,
}
