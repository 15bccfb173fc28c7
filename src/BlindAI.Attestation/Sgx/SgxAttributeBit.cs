namespace BlindAI.Attestation.Sgx;

/// <summary>Bits of ATTRIBUTES.flags, by position; DEBUG (1) is decided by <c>dangerouslyAllowDebug</c>, INIT (0) is always set.</summary>
/// <remarks>Source: Intel SDM volume 3D, ATTRIBUTES.</remarks>
public enum SgxAttributeBit
{
    /// <summary>The enclave runs 64-bit code.</summary>
    Mode64Bit = 2,

    /// <summary>The enclave may use the provisioning key, which identifies the machine.</summary>
    ProvisionKey = 4,

    /// <summary>The enclave may launch others.</summary>
    EinitTokenKey = 5,

    /// <summary>Control-flow enforcement is on.</summary>
    Cet = 6,

    /// <summary>Key separation and sharing is on, so CONFIGID and the extended identifiers mean something.</summary>
    Kss = 7,

    /// <summary>The enclave learns when it was interrupted.</summary>
    AexNotify = 10,
}
