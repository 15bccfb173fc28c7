namespace BlindAI.Attestation.Dcap;

/// <summary>What Intel says about a platform's security level.</summary>
/// <remarks>Source: Intel PCS API v4, tcbStatus. "NotSupported" is no status but a refusal.</remarks>
public enum TcbStatus
{
    /// <summary>Everything known is mitigated.</summary>
    UpToDate,

    /// <summary>The enclave's own code must carry mitigations; advisories say which.</summary>
    SWHardeningNeeded,

    /// <summary>The platform must be set up differently (BIOS).</summary>
    ConfigurationNeeded,

    /// <summary>Both of the above.</summary>
    ConfigurationAndSWHardeningNeeded,

    /// <summary>The platform lacks updates.</summary>
    OutOfDate,

    /// <summary>The platform lacks updates and must be set up differently.</summary>
    OutOfDateConfigurationNeeded,

    /// <summary>TDX: the module was updated after the trust domain started.</summary>
    TDRelaunchAdvised,

    /// <summary>TDX: the same, and the platform must be set up differently.</summary>
    TDRelaunchAdvisedConfigurationNeeded,

    /// <summary>The platform's keys are revoked. No policy accepts it.</summary>
    Revoked,
}
