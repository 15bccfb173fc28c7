using System.Buffers.Binary;
using System.Security.Cryptography;

namespace BlindAI.Protocol.Hpke;

/// <summary>One AES-GCM key whose n-th message has the nonce base XOR n: how HPKE and Oblivious HTTP number what they seal.</summary>
/// <remarks>
/// Source: RFC 9180, section 5.2 (ComputeNonce, IncrementSeq). One instance seals or opens, never both. Input and output may be the same memory; if they overlap
/// otherwise, the platform refuses. Nothing is allocated for a message.
/// </remarks>
internal sealed class AeadSequence : IDisposable
{
    private readonly AesGcm _aead;
    private readonly byte[] _baseNonce;
    private ulong _next;

    public AeadSequence(ReadOnlySpan<byte> key, ReadOnlySpan<byte> baseNonce, ulong first = 0)
    {
        _aead = new(key, HpkeSuite.TagLength);
        _baseNonce = baseNonce.ToArray();
        _next = first;
    }

    /// <summary>Seals the next message; the destination is 16 bytes longer than the plaintext.</summary>
    public void Seal(ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        if (destination.Length != plaintext.Length + HpkeSuite.TagLength)
        {
            throw new ArgumentException($"Sealed, the message has {plaintext.Length + HpkeSuite.TagLength} bytes; there is room for {destination.Length}.", nameof(destination));
        }

        Span<byte> nonce = stackalloc byte[HpkeSuite.NonceLength];
        ComputeNonce(nonce);
        _aead.Encrypt(nonce, plaintext, destination[..plaintext.Length], destination[plaintext.Length..], aad);
        _next++;
    }

    /// <summary>Opens the next message; the destination is 16 bytes shorter than the ciphertext.</summary>
    /// <exception cref="HpkeException">It is not the next message that was sealed, or not unchanged. The destination then holds zeros.</exception>
    public void Open(ReadOnlySpan<byte> aad, ReadOnlySpan<byte> ciphertext, Span<byte> destination)
    {
        if (ciphertext.Length < HpkeSuite.TagLength)
        {
            throw new HpkeException();
        }

        var length = ciphertext.Length - HpkeSuite.TagLength;
        if (destination.Length != length)
        {
            throw new ArgumentException($"Opened, the message has {length} bytes; there is room for {destination.Length}.", nameof(destination));
        }

        Span<byte> nonce = stackalloc byte[HpkeSuite.NonceLength];
        ComputeNonce(nonce);
        try
        {
            _aead.Decrypt(nonce, ciphertext[..length], ciphertext[length..], destination, aad);
        }
        catch (AuthenticationTagMismatchException exception)
        {
            throw new HpkeException(exception);
        }

        _next++;
    }

    public void Dispose()
    {
        _aead.Dispose();
        CryptographicOperations.ZeroMemory(_baseNonce);
    }

    // The specification's counter has 96 bits; 64 are never used up, and the last is refused so that none comes twice.
    private void ComputeNonce(Span<byte> nonce)
    {
        if (_next == ulong.MaxValue)
        {
            throw new InvalidOperationException("The key has sealed as many messages as it may.");
        }

        _baseNonce.CopyTo(nonce);
        var counter = nonce[(HpkeSuite.NonceLength - sizeof(ulong))..];
        BinaryPrimitives.WriteUInt64BigEndian(counter, BinaryPrimitives.ReadUInt64BigEndian(counter) ^ _next);
    }
}
