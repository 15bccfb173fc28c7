using System.Buffers.Binary;
using System.Collections.Immutable;
using BlindAI.Protocol.Hpke;

namespace BlindAI.Protocol.Ohttp;

/// <summary>A key that requests may be sealed to: <c>application/ohttp-keys</c> is a list of these.</summary>
/// <remarks>
/// Source: RFC 9458, section 3. Big-endian: length u16 ‖ key_id u8 ‖ kem_id u16 ‖ public key ‖ length u16 ‖ (kdf_id u16 ‖ aead_id u16)*.
/// </remarks>
public sealed record OhttpKeyConfiguration
{
    /// <summary>Most bytes of a list that is read: 51 configurations of ours.</summary>
    public const int MaxListLength = 4096;

    private const int SuiteLength = 2 + 2;

    /// <summary>Which of the server's keys this is.</summary>
    public required byte KeyId { get; init; }

    /// <summary>The key.</summary>
    public required HpkePublicKey PublicKey { get; init; }

    /// <summary>The ciphers that the server takes with it; at least one.</summary>
    public required ImmutableArray<HpkeAead> Aeads { get; init; }

    /// <summary>The strongest cipher that the server takes.</summary>
    public HpkeAead PreferredAead => Aeads.Max();

    /// <summary>The configuration of a server's key, with both ciphers.</summary>
    public static OhttpKeyConfiguration Of(byte keyId, HpkePublicKey publicKey) =>
        new() { KeyId = keyId, PublicKey = publicKey, Aeads = [HpkeAead.Aes256Gcm, HpkeAead.Aes128Gcm] };

    /// <summary>Writes a list; the preferred key comes first.</summary>
    public static byte[] Encode(IReadOnlyList<OhttpKeyConfiguration> configurations)
    {
        ArgumentNullException.ThrowIfNull(configurations);
        var bytes = new byte[configurations.Sum(configuration => sizeof(ushort) + configuration.EncodedLength)];
        var rest = bytes.AsSpan();
        foreach (var configuration in configurations)
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)configuration.EncodedLength);
            configuration.Write(rest[sizeof(ushort)..]);
            rest = rest[(sizeof(ushort) + configuration.EncodedLength)..];
        }

        return bytes;
    }

    /// <summary>Reads a list: the configurations that can be used here, in the order of the server. Those of another KEM are passed over, as are other suites.</summary>
    /// <exception cref="OhttpException"><see cref="OhttpFault.Malformed"/>; <see cref="OhttpFault.KeyUnknown"/>: none can be used.</exception>
    public static IReadOnlyList<OhttpKeyConfiguration> Parse(ReadOnlySpan<byte> bytes)
    {
        Require(bytes.Length <= MaxListLength);
        var configurations = new List<OhttpKeyConfiguration>();
        while (!bytes.IsEmpty)
        {
            var length = ReadUInt16(bytes);
            bytes = bytes[sizeof(ushort)..];
            Require(length <= bytes.Length);
            if (ParseOne(bytes[..length]) is { } configuration)
            {
                Require(configurations.TrueForAll(other => other.KeyId != configuration.KeyId));
                configurations.Add(configuration);
            }

            bytes = bytes[length..];
        }

        return configurations.Count > 0 ? configurations : throw new OhttpException(OhttpFault.KeyUnknown);
    }

    private int EncodedLength => 1 + 2 + HpkeSuite.PublicKeyLength + 2 + (SuiteLength * Aeads.Length);

    private void Write(Span<byte> destination)
    {
        destination[0] = KeyId;
        BinaryPrimitives.WriteUInt16BigEndian(destination[1..], HpkeSuite.Kem);
        PublicKey.Bytes.Span.CopyTo(destination[3..]);
        destination = destination[(3 + HpkeSuite.PublicKeyLength)..];
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(SuiteLength * Aeads.Length));
        destination = destination[2..];
        foreach (var aead in Aeads)
        {
            BinaryPrimitives.WriteUInt16BigEndian(destination, HpkeSuite.Kdf);
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)aead);
            destination = destination[SuiteLength..];
        }
    }

    // Null: a KEM or suites that are not ours. The lengths inside a configuration of another KEM are its own.
    private static OhttpKeyConfiguration? ParseOne(ReadOnlySpan<byte> bytes)
    {
        Require(bytes.Length >= 3);
        var keyId = bytes[0];
        if (ReadUInt16(bytes[1..]) != HpkeSuite.Kem)
        {
            return null;
        }

        bytes = bytes[3..];
        Require(bytes.Length >= HpkeSuite.PublicKeyLength);
        var publicKey = ParseKey(bytes[..HpkeSuite.PublicKeyLength]);
        bytes = bytes[HpkeSuite.PublicKeyLength..];
        var suitesLength = ReadUInt16(bytes);
        bytes = bytes[sizeof(ushort)..];
        Require(suitesLength == bytes.Length && suitesLength > 0 && suitesLength % SuiteLength == 0);
        var aeads = ImmutableArray.CreateBuilder<HpkeAead>();
        for (; !bytes.IsEmpty; bytes = bytes[SuiteLength..])
        {
            var aead = (HpkeAead)ReadUInt16(bytes[2..]);
            if (ReadUInt16(bytes) == HpkeSuite.Kdf && HpkeSuite.Offers(aead) && !aeads.Contains(aead))
            {
                aeads.Add(aead);
            }
        }

        return aeads.Count == 0 ? null : new() { KeyId = keyId, PublicKey = publicKey, Aeads = aeads.ToImmutable() };
    }

    private static HpkePublicKey ParseKey(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return HpkePublicKey.Parse(bytes);
        }
        catch (HpkeException exception)
        {
            throw new OhttpException(OhttpFault.Malformed, exception);
        }
    }

    private static ushort ReadUInt16(ReadOnlySpan<byte> bytes)
    {
        Require(bytes.Length >= sizeof(ushort));
        return BinaryPrimitives.ReadUInt16BigEndian(bytes);
    }

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new OhttpException(OhttpFault.Malformed);
        }
    }
}
