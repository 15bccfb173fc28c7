namespace BlindAI.Attestation.AzureVtpm;

/// <summary>What a TPM signed, and with which register values it fits.</summary>
/// <param name="Message">TPMS_ATTEST.</param>
/// <param name="Signature">RSASSA-PKCS1-v1_5 with SHA-256.</param>
/// <param name="Registers">The 24 registers of the SHA-256 bank, of which the message holds the digest.</param>
internal sealed record TpmSignedQuote(byte[] Message, byte[] Signature, IReadOnlyList<byte[]> Registers);
