namespace BlindAI.Attestation.Policy;

/// <summary>Whose machine may run the enclave. The hierarchy is closed: <see cref="Any"/>, <see cref="Listed"/> or <see cref="Tls"/>.</summary>
/// <remarks>Evidence proves what runs, not where: whoever holds a genuine machine can take its memory apart. Only this rule says whose it is.</remarks>
public abstract class MachineRule
{
    /// <summary>Bytes of AMD's CHIP_ID. Source: AMD publication 56860, ATTESTATION_REPORT. Turin has 8, followed by zeros.</summary>
    internal const int ChipIdSize = 64;

    /// <summary>Bytes of Intel's PPID and platform instance id. Source: PCK certificate extension 1.2.840.113741.1.13.1.</summary>
    internal const int IntelIdSize = 16;

    /// <summary>How a file writes the roots of the operating system.</summary>
    internal const string SystemCa = "system";

    private MachineRule()
    {
    }

    /// <summary>Any genuine machine, so also one that an attacker owns.</summary>
    public sealed class Any : MachineRule;

    /// <summary>Machines known one by one: the evidence must carry one of the ids. At least one list must be there.</summary>
    public sealed class Listed : MachineRule
    {
        /// <summary>AMD CHIP_IDs, 64 bytes each, none of them zero (a masked chip).</summary>
        public IReadOnlyList<HexValue>? ChipIds
        {
            get;
            init => field = value is null || value.All(NamesChip) ? PolicyGuard.HexList(value, ChipIdSize) : throw new ArgumentException("A zero chip id names no chip.", nameof(value));
        }

        /// <summary>Intel PPIDs, 16 bytes each.</summary>
        public IReadOnlyList<HexValue>? Ppids { get; init => field = PolicyGuard.HexList(value, IntelIdSize); }

        /// <summary>Intel platform instance ids, 16 bytes each; platforms with the Platform CA only.</summary>
        public IReadOnlyList<HexValue>? PlatformInstanceIds { get; init => field = PolicyGuard.HexList(value, IntelIdSize); }

        /// <summary>Whether the id is a chip's own; a masked chip reports zeros.</summary>
        internal static bool NamesChip(HexValue chipId) => chipId.Bytes.ContainsAnyExcept((byte)0);

        internal bool IsEmpty => this is { ChipIds: null, Ppids: null, PlatformInstanceIds: null };
    }

    /// <summary>A certificate authority vouches for the machine: the attested TLS key must have a certificate for the dialled name.</summary>
    public sealed class Tls : MachineRule
    {
        /// <summary>The PEM file of the accepted roots; null for those of the operating system.</summary>
        public required string? CaFile
        {
            get;
            init => field = value is null || (PolicyGuard.IsText(value) && value != SystemCa)
                ? value
                : throw new ArgumentException($"The file name is empty or unusable; null is \"{SystemCa}\".", nameof(value));
        }
    }
}
