namespace BlindAI.Attestation.Tdx;

/// <summary>Bits of TDATTRIBUTES, by position; DEBUG and the rest of the TUD group (0 to 7) are decided by <c>dangerouslyAllowDebug</c>.</summary>
/// <remarks>Source: Intel TDX Module 1.5 ABI specification, ATTRIBUTES.</remarks>
public enum TdAttributeBit
{
    /// <summary>Page faults by the host do not reach the guest as exceptions; Linux needs it against injected ones.</summary>
    SeptVeDisable = 28,

    /// <summary>The trust domain may be migrated to another machine.</summary>
    Migratable = 29,

    /// <summary>Supervisor protection keys may be used.</summary>
    Pks = 30,

    /// <summary>Key Locker may be used.</summary>
    Kl = 31,

    /// <summary>Performance counters may be used.</summary>
    Perfmon = 63,
}
