namespace BlindAI.Attestation.AzureVtpm;

/// <summary>Which registers of one bank a TPM quoted.</summary>
/// <remarks>Source: TCG TPM 2.0 Library, Part 2, TPMS_PCR_SELECTION.</remarks>
public sealed record TpmPcrSelection
{
    /// <summary>TPM_ALG_SHA256.</summary>
    public const ushort Sha256 = 0x000B;

    /// <summary>The algorithm of the bank, TPM_ALG_ID.</summary>
    public required ushort HashAlgorithm { get; init; }

    /// <summary>One bit for each register: register 0 is the lowest bit of the first byte.</summary>
    public required ReadOnlyMemory<byte> Bitmap { get; init; }

    /// <summary>Whether the register was quoted.</summary>
    public bool Selects(int register) => register >= 0 && register / 8 < Bitmap.Length && (Bitmap.Span[register / 8] & (1 << (register % 8))) != 0;
}
