using System.Security.Cryptography;

namespace BlindAI.Protocol.Hpke;

/// <summary>A recipient's key pair on P-256: made here, never exported. Any number of threads may use it; disposing it erases it.</summary>
public sealed class HpkePrivateKey : IDisposable
{
    private readonly ECDiffieHellman _key;

    private HpkePrivateKey(ECDiffieHellman key)
    {
        _key = key;
        PublicKey = HpkePublicKey.Of(key);
    }

    /// <summary>What senders seal to.</summary>
    public HpkePublicKey PublicKey { get; }

    /// <summary>GenerateKeyPair: makes a fresh pair.</summary>
    public static HpkePrivateKey Generate() => new(ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256));

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    /// <summary>Takes a known scalar of 32 bytes, for golden values.</summary>
    internal static HpkePrivateKey FromScalar(ReadOnlySpan<byte> scalar)
    {
        var parameters = new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = scalar.ToArray() };
        try
        {
            return new(ECDiffieHellman.Create(parameters));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
        }
    }

    /// <summary>DH(skX, pkY): the x coordinate, 32 bytes, which the caller erases.</summary>
    /// <remarks>Source: RFC 9180, section 7.1.4. P-256 has cofactor 1: the product of a checked point and a private key is never infinity.</remarks>
    internal byte[] Agree(HpkePublicKey other) => _key.DeriveRawSecretAgreement(other.Point);
}
