using System.Buffers.Binary;
using System.Security.Cryptography;
using BlindAI.Protocol.Hpke;

namespace BlindAI.Protocol.Ohttp;

/// <summary>The labels, lengths and derivations of Oblivious HTTP.</summary>
/// <remarks>Source: RFC 9458, sections 4.3 and 4.4; draft-ietf-ohai-chunked-ohttp-08, sections 6 and 7.</remarks>
internal static class OhttpSuite
{
    /// <summary>key_id ‖ kem_id ‖ kdf_id ‖ aead_id.</summary>
    public const int HeaderLength = 1 + 2 + 2 + 2;

    private const int MaxLabelLength = 32;

    /// <summary>The additional data of the final chunk.</summary>
    public static ReadOnlySpan<byte> FinalMark => "final"u8;

    public static ReadOnlySpan<byte> ResponseLabel(OhttpForm form) => form == OhttpForm.Chunked ? "message/bhttp chunked response"u8 : "message/bhttp response"u8;

    /// <summary>max(Nn, Nk): bytes of the response nonce and of the exported secret.</summary>
    public static int ResponseNonceLength(HpkeAead aead) => Math.Max(HpkeSuite.NonceLength, HpkeSuite.KeyLength(aead));

    public static void WriteHeader(Span<byte> destination, byte keyId, HpkeAead aead)
    {
        destination[0] = keyId;
        BinaryPrimitives.WriteUInt16BigEndian(destination[1..], HpkeSuite.Kem);
        BinaryPrimitives.WriteUInt16BigEndian(destination[3..], HpkeSuite.Kdf);
        BinaryPrimitives.WriteUInt16BigEndian(destination[5..], (ushort)aead);
    }

    /// <summary>Null when the suite is not ours.</summary>
    public static HpkeAead? ReadSuite(ReadOnlySpan<byte> header)
    {
        var aead = (HpkeAead)BinaryPrimitives.ReadUInt16BigEndian(header[5..]);
        return BinaryPrimitives.ReadUInt16BigEndian(header[1..]) == HpkeSuite.Kem && BinaryPrimitives.ReadUInt16BigEndian(header[3..]) == HpkeSuite.Kdf && HpkeSuite.Offers(aead)
            ? aead
            : null;
    }

    /// <summary>info = label ‖ 0x00 ‖ header; the bytes written.</summary>
    public static int WriteInfo(Span<byte> destination, OhttpForm form, ReadOnlySpan<byte> header)
    {
        var label = form == OhttpForm.Chunked ? "message/bhttp chunked request"u8 : "message/bhttp request"u8;
        label.CopyTo(destination);
        destination[label.Length] = 0;
        header.CopyTo(destination[(label.Length + 1)..]);
        return label.Length + 1 + HeaderLength;
    }

    public const int MaxInfoLength = MaxLabelLength + 1 + HeaderLength;

    /// <summary>The key and nonces of the response: secret = Export(label, max(Nn, Nk)), then <see cref="DeriveResponse(ReadOnlySpan{byte}, ReadOnlySpan{byte}, ReadOnlySpan{byte}, HpkeAead)"/>.</summary>
    public static AeadSequence DeriveResponse(HpkeContext context, OhttpForm form, ReadOnlySpan<byte> responseNonce)
    {
        Span<byte> secret = stackalloc byte[ResponseNonceLength(context.Aead)];
        context.Export(ResponseLabel(form), secret);
        try
        {
            return DeriveResponse(secret, context.Encapsulation.Span, responseNonce, context.Aead);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>prk = Extract(enc ‖ response_nonce, secret); key = Expand(prk, "key", Nk); nonce = Expand(prk, "nonce", Nn).</summary>
    public static AeadSequence DeriveResponse(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> encapsulation, ReadOnlySpan<byte> responseNonce, HpkeAead aead)
    {
        Span<byte> salt = stackalloc byte[HpkeSuite.PublicKeyLength + HpkeSuite.HashLength];
        encapsulation.CopyTo(salt);
        responseNonce.CopyTo(salt[encapsulation.Length..]);
        Span<byte> prk = stackalloc byte[HpkeSuite.HashLength];
        Span<byte> key = stackalloc byte[HpkeSuite.KeyLength(aead)];
        Span<byte> nonce = stackalloc byte[HpkeSuite.NonceLength];
        HKDF.Extract(HashAlgorithmName.SHA256, secret, salt[..(encapsulation.Length + responseNonce.Length)], prk);
        HKDF.Expand(HashAlgorithmName.SHA256, prk, key, "key"u8);
        HKDF.Expand(HashAlgorithmName.SHA256, prk, nonce, "nonce"u8);
        var sequence = new AeadSequence(key, nonce);
        CryptographicOperations.ZeroMemory(prk);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(nonce);
        return sequence;
    }
}
