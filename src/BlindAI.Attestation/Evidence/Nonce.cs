using System.Security.Cryptography;

namespace BlindAI.Attestation.Evidence;

/// <summary>What a client sends so that evidence cannot be old: 32 to 64 random bytes, used once.</summary>
/// <remarks><see cref="ToString"/> shows the length only: nonces do not belong in logs.</remarks>
public sealed class Nonce
{
    /// <summary>Fewest bytes of a nonce, and what our clients send.</summary>
    public const int MinLength = 32;

    /// <summary>Most bytes of a nonce.</summary>
    public const int MaxLength = 64;

    private readonly byte[] _bytes;

    private Nonce(byte[] bytes) => _bytes = bytes;

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Makes a fresh nonce of 32 bytes.</summary>
    public static Nonce Create() => new(RandomNumberGenerator.GetBytes(MinLength));

    /// <summary>Takes a received nonce.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.ValueInvalid"/>: not 32 to 64 bytes.</exception>
    public static Nonce Parse(ReadOnlySpan<byte> bytes)
    {
        Reject.Unless(bytes.Length is >= MinLength and <= MaxLength, RejectionCode.ValueInvalid,
            $"A nonce has {MinLength} to {MaxLength} bytes; {bytes.Length} were given.", $"send {MinLength} random bytes.");
        return new(bytes.ToArray());
    }

    /// <summary>Compares in constant time.</summary>
    public bool Matches(ReadOnlySpan<byte> other) => CryptographicOperations.FixedTimeEquals(_bytes, other);

    /// <inheritdoc/>
    public override string ToString() => $"nonce of {_bytes.Length} bytes";
}
