using BlindAI.Attestation.Policy;

namespace BlindAI.Attestation.SevSnp;

/// <summary>The security version numbers (SPL, 0 to 255) of one SNP platform; compared one by one, never as a whole.</summary>
/// <remarks>Source: AMD publication 56860, TCB_VERSION. Only Turin and later have an FMC.</remarks>
public sealed record SnpTcb
{
    /// <summary>Firmware of the FMC; null before Turin.</summary>
    public byte? Fmc { get; init; }

    /// <summary>The boot loader of the AMD secure processor.</summary>
    public required byte Bootloader { get; init; }

    /// <summary>The operating system of the AMD secure processor.</summary>
    public required byte Tee { get; init; }

    /// <summary>The SNP firmware.</summary>
    public required byte Snp { get; init; }

    /// <summary>The microcode patch level of all cores.</summary>
    public required byte Microcode { get; init; }

    /// <summary>Reads a TCB_VERSION of 8 bytes; which byte is which depends on the product.</summary>
    internal static SnpTcb Parse(SnpProduct product, ReadOnlySpan<byte> word) => product >= SnpProduct.Turin
        ? new() { Fmc = word[0], Bootloader = word[1], Tee = word[2], Snp = word[3], Microcode = word[7] }
        : new() { Bootloader = word[0], Tee = word[1], Snp = word[6], Microcode = word[7] };

    internal static SnpTcb Read(PolicyObject members) => new()
    {
        Fmc = (byte?)members.Optional("fmc")?.Integer(byte.MinValue, byte.MaxValue),
        Bootloader = (byte)members.Required("bootloader").Integer(byte.MinValue, byte.MaxValue),
        Tee = (byte)members.Required("tee").Integer(byte.MinValue, byte.MaxValue),
        Snp = (byte)members.Required("snp").Integer(byte.MinValue, byte.MaxValue),
        Microcode = (byte)members.Required("microcode").Integer(byte.MinValue, byte.MaxValue),
    };

    internal void Describe(PolicyMembers members)
    {
        if (Fmc is not null)
        {
            members.AtLeast("fmc", "The FMC version", Fmc);
        }

        members.AtLeast("bootloader", "The boot loader version", Bootloader);
        members.AtLeast("tee", "The secure processor's OS version", Tee);
        members.AtLeast("snp", "The SNP firmware version", Snp);
        members.AtLeast("microcode", "The microcode version", Microcode);
    }
}
