using System.Buffers.Binary;
using System.Security.Cryptography;

namespace BlindAI.Protocol.Hpke;

/// <summary>The numbers of the one suite family that is offered: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-GCM.</summary>
/// <remarks>Source: RFC 9180, sections 4, 5.1 and 7.</remarks>
public static class HpkeSuite
{
    /// <summary>DHKEM(P-256, HKDF-SHA256).</summary>
    public const ushort Kem = 0x0010;

    /// <summary>HKDF-SHA256.</summary>
    public const ushort Kdf = 0x0001;

    /// <summary>Bytes of a public key and of an encapsulation (Npk, Nenc): 0x04 ‖ X ‖ Y.</summary>
    public const int PublicKeyLength = 65;

    /// <summary>Bytes of a private key (Nsk).</summary>
    public const int PrivateKeyLength = 32;

    /// <summary>Bytes of a nonce (Nn).</summary>
    public const int NonceLength = 12;

    /// <summary>Bytes that sealing adds (Nt).</summary>
    public const int TagLength = 16;

    /// <summary>Bytes of a hash (Nh), a shared secret (Nsecret) and an exporter secret.</summary>
    internal const int HashLength = SHA256.HashSizeInBytes;

    // What the labelled functions take beyond label and input: "HPKE-v1", the longest suite_id, and two bytes of length.
    private const int MaxLabelled = 2 + 7 + 10;

    // "KEM" ‖ kem_id.
    internal static ReadOnlySpan<byte> KemId => [(byte)'K', (byte)'E', (byte)'M', 0x00, 0x10];

    // "HPKE" ‖ kem_id ‖ kdf_id ‖ aead_id.
    internal static ReadOnlySpan<byte> ScheduleId(HpkeAead aead) => aead == HpkeAead.Aes128Gcm
        ? [(byte)'H', (byte)'P', (byte)'K', (byte)'E', 0x00, 0x10, 0x00, 0x01, 0x00, 0x01]
        : [(byte)'H', (byte)'P', (byte)'K', (byte)'E', 0x00, 0x10, 0x00, 0x01, 0x00, 0x02];

    private static ReadOnlySpan<byte> Version => "HPKE-v1"u8;

    /// <summary>Whether a registered cipher number is one of ours.</summary>
    public static bool Offers(HpkeAead aead) => aead is HpkeAead.Aes128Gcm or HpkeAead.Aes256Gcm;

    /// <summary>Bytes of a key (Nk).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The cipher is not offered.</exception>
    public static int KeyLength(HpkeAead aead) => aead switch
    {
        HpkeAead.Aes128Gcm => 16,
        HpkeAead.Aes256Gcm => 32,
        _ => throw new ArgumentOutOfRangeException(nameof(aead), aead, "The cipher is not offered."),
    };

    /// <summary>LabeledExtract(salt, label, ikm) = HKDF-Extract(salt, "HPKE-v1" ‖ suite_id ‖ label ‖ ikm).</summary>
    internal static void LabeledExtract(ReadOnlySpan<byte> suite, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label, ReadOnlySpan<byte> ikm, Span<byte> destination)
    {
        Span<byte> labeled = stackalloc byte[MaxLabelled + MaxInput];
        var length = Join(labeled, Version, suite, label, ikm);
        HKDF.Extract(HashAlgorithmName.SHA256, labeled[..length], salt, destination);
        CryptographicOperations.ZeroMemory(labeled);
    }

    /// <summary>LabeledExpand(prk, label, info, L) = HKDF-Expand(prk, u16be(L) ‖ "HPKE-v1" ‖ suite_id ‖ label ‖ info, L); L is the length of the destination.</summary>
    internal static void LabeledExpand(ReadOnlySpan<byte> suite, ReadOnlySpan<byte> prk, ReadOnlySpan<byte> label, ReadOnlySpan<byte> info, Span<byte> destination)
    {
        Span<byte> labeled = stackalloc byte[MaxLabelled + MaxInput];
        BinaryPrimitives.WriteUInt16BigEndian(labeled, checked((ushort)destination.Length));
        var length = 2 + Join(labeled[2..], Version, suite, label, info);
        HKDF.Expand(HashAlgorithmName.SHA256, prk, destination, labeled[..length]);
    }

    /// <summary>Most bytes of a label with its input: two public keys behind the longest label fit.</summary>
    internal const int MaxInput = 256;

    private static int Join(Span<byte> destination, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, ReadOnlySpan<byte> fourth)
    {
        first.CopyTo(destination);
        second.CopyTo(destination[first.Length..]);
        third.CopyTo(destination[(first.Length + second.Length)..]);
        fourth.CopyTo(destination[(first.Length + second.Length + third.Length)..]);
        return first.Length + second.Length + third.Length + fourth.Length;
    }
}
