using System.Security.Cryptography;

namespace BlindAI.Protocol.Hpke;

/// <summary>One direction of hybrid public key encryption, base mode: a sender seals, the recipient opens in the same order, both export secrets.</summary>
/// <remarks>
/// Source: RFC 9180. The whole of it, for the one suite family of <see cref="HpkeSuite"/>:
/// 1. Encap or Decap (section 4.1): the shared secret of the ephemeral and the recipient's key, over both public keys.
/// 2. KeySchedule (section 5.1), mode 0 without a pre-shared key: key, base nonce and exporter secret from the shared secret and <c>info</c>.
/// 3. Seal and Open (section 5.2): AES-GCM under the key with the nonce base_nonce XOR counter.
/// 4. Export (section 5.3).
/// Not for several threads at once.
/// </remarks>
public sealed class HpkeContext : IDisposable
{
    // mode_base, psk_id_hash, info_hash.
    private const int ScheduleContextLength = 1 + (2 * HpkeSuite.HashLength);

    private readonly AeadSequence _sequence;
    private readonly byte[] _exporterSecret;
    private readonly byte[] _encapsulation;
    private readonly bool _isSender;

    private HpkeContext(bool isSender, HpkeAead aead, ReadOnlySpan<byte> encapsulation, AeadSequence sequence, byte[] exporterSecret)
    {
        _isSender = isSender;
        Aead = aead;
        _encapsulation = encapsulation.ToArray();
        _sequence = sequence;
        _exporterSecret = exporterSecret;
    }

    /// <summary>The cipher.</summary>
    public HpkeAead Aead { get; }

    /// <summary>What the recipient needs beside its private key (enc): 65 bytes.</summary>
    public ReadOnlyMemory<byte> Encapsulation => _encapsulation;

    /// <summary>SetupBaseS with a fresh ephemeral key.</summary>
    public static HpkeContext CreateSender(HpkePublicKey recipient, HpkeAead aead, ReadOnlySpan<byte> info)
    {
        using var ephemeral = HpkePrivateKey.Generate();
        return CreateSender(recipient, aead, info, ephemeral);
    }

    /// <summary>SetupBaseR.</summary>
    /// <exception cref="HpkeException">The encapsulation is not a point of the curve in its uncompressed form.</exception>
    public static HpkeContext CreateRecipient(HpkePrivateKey recipient, ReadOnlySpan<byte> encapsulation, HpkeAead aead, ReadOnlySpan<byte> info)
    {
        ArgumentNullException.ThrowIfNull(recipient);
        var dh = recipient.Agree(HpkePublicKey.Parse(encapsulation));
        return Create(isSender: false, dh, encapsulation, recipient.PublicKey, aead, info);
    }

    /// <summary>What seals or opens, for callers that frame their messages.</summary>
    internal AeadSequence Sequence => _sequence;

    /// <summary>Seals the next message; the destination is 16 bytes longer than the plaintext and may begin where it does.</summary>
    public void Seal(ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        Expect(_isSender);
        _sequence.Seal(aad, plaintext, destination);
    }

    /// <summary>Opens the next message; the destination is 16 bytes shorter than the ciphertext and may begin where it does.</summary>
    /// <exception cref="HpkeException">It is not the next message that was sealed, or not unchanged.</exception>
    public void Open(ReadOnlySpan<byte> aad, ReadOnlySpan<byte> ciphertext, Span<byte> destination)
    {
        Expect(!_isSender);
        _sequence.Open(aad, ciphertext, destination);
    }

    /// <summary>Export(exporter_context, L): a secret that both ends can make; L is the length of the destination.</summary>
    public void Export(ReadOnlySpan<byte> context, Span<byte> destination) =>
        HpkeSuite.LabeledExpand(HpkeSuite.ScheduleId(Aead), _exporterSecret, "sec"u8, context, destination);                     // 4

    /// <inheritdoc/>
    public void Dispose()
    {
        _sequence.Dispose();
        CryptographicOperations.ZeroMemory(_exporterSecret);
    }

    /// <summary>SetupBaseS with a given ephemeral key, for golden values: a real sender's is fresh.</summary>
    internal static HpkeContext CreateSender(HpkePublicKey recipient, HpkeAead aead, ReadOnlySpan<byte> info, HpkePrivateKey ephemeral)
    {
        ArgumentNullException.ThrowIfNull(recipient);
        var dh = ephemeral.Agree(recipient);
        return Create(isSender: true, dh, ephemeral.PublicKey.Bytes.Span, recipient, aead, info);
    }

    private static HpkeContext Create(bool isSender, byte[] dh, ReadOnlySpan<byte> encapsulation, HpkePublicKey recipient, HpkeAead aead, ReadOnlySpan<byte> info)
    {
        Span<byte> sharedSecret = stackalloc byte[HpkeSuite.HashLength];
        Span<byte> secret = stackalloc byte[HpkeSuite.HashLength];
        Span<byte> key = stackalloc byte[HpkeSuite.KeyLength(aead)];
        Span<byte> baseNonce = stackalloc byte[HpkeSuite.NonceLength];
        Span<byte> context = stackalloc byte[ScheduleContextLength];
        var suite = HpkeSuite.ScheduleId(aead);

        ExtractAndExpand(dh, encapsulation, recipient.Bytes.Span, sharedSecret);                                                 // 1

        context[0] = 0x00;                                                                                                       // 2: mode_base
        HpkeSuite.LabeledExtract(suite, salt: [], "psk_id_hash"u8, [], context.Slice(1, HpkeSuite.HashLength));
        HpkeSuite.LabeledExtract(suite, salt: [], "info_hash"u8, info, context[(1 + HpkeSuite.HashLength)..]);
        HpkeSuite.LabeledExtract(suite, sharedSecret, "secret"u8, [], secret);
        HpkeSuite.LabeledExpand(suite, secret, "key"u8, context, key);
        HpkeSuite.LabeledExpand(suite, secret, "base_nonce"u8, context, baseNonce);
        var exporterSecret = new byte[HpkeSuite.HashLength];
        HpkeSuite.LabeledExpand(suite, secret, "exp"u8, context, exporterSecret);

        var sequence = new AeadSequence(key, baseNonce);                                                                         // 3
        CryptographicOperations.ZeroMemory(dh);
        CryptographicOperations.ZeroMemory(sharedSecret);
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(baseNonce);
        return new(isSender, aead, encapsulation, sequence, exporterSecret);
    }

    // Section 4.1: eae_prk over the agreement, then shared_secret over kem_context = enc ‖ pkR.
    private static void ExtractAndExpand(ReadOnlySpan<byte> dh, ReadOnlySpan<byte> encapsulation, ReadOnlySpan<byte> recipient, Span<byte> sharedSecret)
    {
        Span<byte> extracted = stackalloc byte[HpkeSuite.HashLength];
        Span<byte> kemContext = stackalloc byte[2 * HpkeSuite.PublicKeyLength];
        encapsulation.CopyTo(kemContext);
        recipient.CopyTo(kemContext[HpkeSuite.PublicKeyLength..]);
        HpkeSuite.LabeledExtract(HpkeSuite.KemId, salt: [], "eae_prk"u8, dh, extracted);
        HpkeSuite.LabeledExpand(HpkeSuite.KemId, extracted, "shared_secret"u8, kemContext, sharedSecret);
        CryptographicOperations.ZeroMemory(extracted);
    }

    private static void Expect(bool isRightEnd)
    {
        if (!isRightEnd)
        {
            throw new InvalidOperationException("A sender's context seals and a recipient's opens.");
        }
    }
}
