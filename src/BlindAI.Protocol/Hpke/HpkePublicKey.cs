using System.Security.Cryptography;

namespace BlindAI.Protocol.Hpke;

/// <summary>A recipient's public key: a point of P-256 that was checked, imported once and used for any number of messages, from any thread.</summary>
public sealed class HpkePublicKey : IEquatable<HpkePublicKey>
{
    private const byte Uncompressed = 0x04;
    private const int CoordinateLength = (HpkeSuite.PublicKeyLength - 1) / 2;

    private readonly byte[] _bytes;

    private HpkePublicKey(byte[] bytes, ECDiffieHellmanPublicKey point)
    {
        _bytes = bytes;
        Point = point;
    }

    /// <summary>0x04 ‖ X ‖ Y: 65 bytes.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    internal ECDiffieHellmanPublicKey Point { get; }

    /// <summary>DeserializePublicKey: takes the uncompressed form alone.</summary>
    /// <remarks>Source: RFC 9180, sections 7.1.1 and 7.1.4; SEC 1, section 2.3.4. The import refuses what is not on the curve; infinity has no encoding of this length.</remarks>
    /// <exception cref="HpkeException">Another length or form, a coordinate beyond the field, or a point off the curve.</exception>
    public static HpkePublicKey Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != HpkeSuite.PublicKeyLength || bytes[0] != Uncompressed)
        {
            throw new HpkeException();
        }

        try
        {
            using var key = ECDiffieHellman.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new() { X = bytes.Slice(1, CoordinateLength).ToArray(), Y = bytes[(1 + CoordinateLength)..].ToArray() },
            });
            return new(bytes.ToArray(), key.PublicKey);
        }
        catch (CryptographicException exception)
        {
            throw new HpkeException(exception);
        }
    }

    /// <summary>SerializePublicKey.</summary>
    internal static HpkePublicKey Of(ECDiffieHellman key)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return new([Uncompressed, .. point.X!, .. point.Y!], key.PublicKey);
    }

    /// <inheritdoc/>
    public bool Equals(HpkePublicKey? other) => other is not null && _bytes.AsSpan().SequenceEqual(other._bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as HpkePublicKey);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(_bytes, 1);
}
