using System.Security.Cryptography;
using BlindAI.Attestation.Evidence;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Evidence;

/// <summary>docs/wire-protocol.md, clause 9.</summary>
public sealed class ConnectionProofTests : IDisposable
{
    private readonly ForgedEnclave _forged = new();

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static readonly ChannelBinder Binder = ChannelBinder.Compute(ChannelBinderType.Finished, [.. Enumerable.Range(0, 48).Select(value => (byte)value)]);

    public void Dispose()
    {
        _forged.Dispose();
        _key.Dispose();
    }

    // The digests come from another implementation.
    [Theory]
    [InlineData(true, "04ce62ae7d7ccde6f6ce5062fbb26a5eac45f58f55760c3d95f1b014c9499696")]
    [InlineData(false, "11684a900a8295f05c998afa6533d98b3b8f40c7ece1d6f31d6d23b8af94a239")]
    public void Hash_Golden_IsThisDigest(bool withBinder, string digest)
    {
        var nonce = Nonce.Parse([.. Enumerable.Range(0, 32).Select(value => (byte)value)]);
        var claims = new Sha256Digest(Convert.FromHexString("3866c449fd1d3683c696f5a2cfcaec42846648915ba0b452b8a160301705162b"));

        Assert.Equal(digest, Convert.ToHexStringLower(ConnectionProof.Hash(nonce, withBinder ? Binder : null, claims)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Verify_SignatureOfThisConnection_IsAccepted(bool withBinder)
    {
        var enclave = Verified();
        var nonce = Nonce.Create();
        var binder = withBinder ? Binder : null;

        ConnectionProof.Verify(enclave, enclave.TlsKey!, nonce, binder, ConnectionProof.Sign(_key, nonce, binder, enclave.ClaimsDigest));
    }

    [Theory]
    [InlineData("another nonce")]
    [InlineData("another binder")]
    [InlineData("no binder")]
    [InlineData("other claims")]
    [InlineData("another key")]
    [InlineData("DER")]
    [InlineData("cut")]
    [InlineData("empty")]
    [InlineData("a changed bit")]
    public void Verify_AnySignatureButThis_IsRefused(string what)
    {
        var enclave = Verified();
        var nonce = Nonce.Create();
        using var another = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var signature = what switch
        {
            "another nonce" => ConnectionProof.Sign(_key, Nonce.Create(), Binder, enclave.ClaimsDigest),
            "another binder" => ConnectionProof.Sign(_key, nonce, ChannelBinder.Compute(ChannelBinderType.Finished, new byte[48]), enclave.ClaimsDigest),
            "no binder" => ConnectionProof.Sign(_key, nonce, null, enclave.ClaimsDigest),
            "other claims" => ConnectionProof.Sign(_key, nonce, Binder, Sha256Digest.Of("other claims"u8)),
            "another key" => ConnectionProof.Sign(another, nonce, Binder, enclave.ClaimsDigest),
            "DER" => _key.SignHash(ConnectionProof.Hash(nonce, Binder, enclave.ClaimsDigest), DSASignatureFormat.Rfc3279DerSequence),
            "cut" => ConnectionProof.Sign(_key, nonce, Binder, enclave.ClaimsDigest)[..63],
            "empty" => [],
            _ => Flipped(ConnectionProof.Sign(_key, nonce, Binder, enclave.ClaimsDigest)),
        };

        Assert.Equal(RejectionCode.ConnectionNotProved, Refuse(() => ConnectionProof.Verify(enclave, enclave.TlsKey!, nonce, Binder, signature)));
    }

    [Fact]
    public void Verify_ConnectionOfAnotherTlsKey_IsRefused()
    {
        var enclave = Verified();
        var nonce = Nonce.Create();
        var signature = ConnectionProof.Sign(_key, nonce, Binder, enclave.ClaimsDigest);

        Assert.Equal(RejectionCode.TlsKeyMismatch, Refuse(() => ConnectionProof.Verify(enclave, Sha256Digest.Of("another"u8), nonce, Binder, signature)));
    }

    [Fact]
    public void Verify_EnclaveWithoutConnectionKey_IsRefused()
    {
        var enclave = EnclaveVerifier.Verify(_forged.Prove(), _forged.Seen, _forged.Policy, ForgedEnclave.Now);
        var nonce = Nonce.Create();

        Assert.Equal(RejectionCode.ConnectionNotProved,
            Refuse(() => ConnectionProof.Verify(enclave, enclave.TlsKey!, nonce, null, ConnectionProof.Sign(_key, nonce, null, enclave.ClaimsDigest))));
    }

    [Fact]
    public void Verify_ConnectionKeyOnAnotherCurve_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var enclave = Verified(key.ExportSubjectPublicKeyInfo());
        var nonce = Nonce.Create();

        Assert.Equal(RejectionCode.ConnectionNotProved, Refuse(() => ConnectionProof.Verify(enclave, enclave.TlsKey!, nonce, null, new byte[ConnectionProof.SignatureLength])));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Verify_ConnectionKeyThatIsNone_IsRefused(int more)
    {
        var enclave = Verified(more == 0 ? new byte[91] : [.. _key.ExportSubjectPublicKeyInfo(), 0]);
        var nonce = Nonce.Create();

        Assert.Equal(RejectionCode.ConnectionNotProved,
            Refuse(() => ConnectionProof.Verify(enclave, enclave.TlsKey!, nonce, null, ConnectionProof.Sign(_key, nonce, null, enclave.ClaimsDigest))));
    }

    [Fact]
    public void Sign_NonceThatHasRoomForABinder_IsNotSigned()
    {
        // 32 bytes of nonce and 32 of somebody's binder, signed without one, would be the same bytes as a signature with it.
        var nonce = Nonce.Create();
        var smuggling = Nonce.Parse([.. nonce.Bytes.Span, .. Binder.Digest.Bytes]);

        Assert.Throws<ArgumentOutOfRangeException>(() => ConnectionProof.Sign(_key, smuggling, null, Sha256Digest.Of("claims"u8)));
    }

    private VerifiedEnclave Verified(byte[]? connectionKey = null)
    {
        var key = connectionKey ?? _key.ExportSubjectPublicKeyInfo();
        var proof = _forged.Prove(_forged.Claims with { ConnectionKey = Sha256Digest.Of(key) }) with { ConnectionKey = key };
        return EnclaveVerifier.Verify(proof, _forged.Seen, _forged.Policy, ForgedEnclave.Now);
    }

    private static byte[] Flipped(byte[] signature)
    {
        signature[40] ^= 1;
        return signature;
    }

    private static RejectionCode Refuse(Action verify) => Assert.Throws<AttestationException>(verify).Code;
}
