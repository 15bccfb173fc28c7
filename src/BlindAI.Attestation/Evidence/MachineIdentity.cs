namespace BlindAI.Attestation.Evidence;

/// <summary>What a TEE's vendor calls the machine; null where its evidence does not say.</summary>
public sealed record MachineIdentity
{
    /// <summary>Of a TEE whose evidence names no machine.</summary>
    public static MachineIdentity None { get; } = new();

    /// <summary>AMD CHIP_ID, 64 bytes; null when masked.</summary>
    public ReadOnlyMemory<byte>? ChipId { get; init; }

    /// <summary>Intel PPID, 16 bytes.</summary>
    public ReadOnlyMemory<byte>? Ppid { get; init; }

    /// <summary>Intel platform instance id, 16 bytes; platforms with the Platform CA only.</summary>
    public ReadOnlyMemory<byte>? PlatformInstanceId { get; init; }
}
