using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;

namespace BlindAI.EndToEnd.Tests;

/// <summary>The preface, written from its specification and not with the code under test.</summary>
/// <remarks>8 bytes magic ‖ u8 flags ‖ u8 length of the nonce ‖ nonce, and with bit 1 of the flags ‖ 32 bytes, SHA-256 of the verified claims.</remarks>
internal static class Preface
{
    public const byte BinderFlag = 1;

    public const byte ProofFlag = 2;

    public const int FlagsAt = 8;

    public const int NonceLengthAt = 9;

    public const int NonceAt = 10;

    /// <summary>Bytes of a preface that asks for evidence.</summary>
    public const int EvidenceLength = NonceAt + 32;

    /// <summary>Bytes of a preface that asks for a signature.</summary>
    public const int ProofLength = EvidenceLength + 32;

    public static byte[] Magic { get; } = [0x00, 0x42, 0x4C, 0x4E, 0x44, 0x41, 0x49, 0x01];

    /// <summary>Asks for evidence.</summary>
    public static byte[] ForEvidence(Nonce nonce, bool wantsBinder = false) => Write(wantsBinder ? BinderFlag : (byte)0, nonce.Bytes.ToArray());

    /// <summary>Asks for a signature by the connection key of an enclave that was verified.</summary>
    public static byte[] ForProof(Nonce nonce, Sha256Digest claims, bool wantsBinder = false) =>
        Write((byte)(ProofFlag | (wantsBinder ? BinderFlag : 0)), nonce.Bytes.ToArray(), claims.Bytes.ToArray());

    /// <summary>Anything of this form.</summary>
    public static byte[] Write(byte flags, byte[] nonce, params byte[] claims) => [.. Magic, flags, (byte)nonce.Length, .. nonce, .. claims];

    /// <summary>How long a right preface is that begins so.</summary>
    public static int LengthOf(byte flags) => (flags & ProofFlag) == 0 ? EvidenceLength : ProofLength;
}
