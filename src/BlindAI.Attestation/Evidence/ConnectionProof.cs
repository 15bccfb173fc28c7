using System.Security.Cryptography;

namespace BlindAI.Attestation.Evidence;

/// <summary>The proof of a further connection: the attested connection key signs what makes it this one.</summary>
/// <remarks>
/// Source: docs/wire-protocol.md, clause 9. A quote for each connection would cost up to a second and invite denial of service; a signature costs microseconds. It is weaker only
/// if the keys of the process leak, all of them: a policy that fears it says <c>"binder": "quote"</c>.
/// </remarks>
public static class ConnectionProof
{
    /// <summary>Bytes of a signature: ES256, r ‖ s (RFC 7518 section 3.4).</summary>
    public const int SignatureLength = 64;

    private static ReadOnlySpan<byte> Label => "blindai-conn-1\0"u8;

    /// <summary>Signs a connection, inside the TEE.</summary>
    /// <param name="key">The connection key, whose digest is claim 15.</param>
    /// <param name="nonce">The client's, of this connection.</param>
    /// <param name="binder">The binder of the server's own end; null when the client asked for none.</param>
    /// <param name="claims">SHA-256 of the claims that the client has verified, as it says.</param>
    public static byte[] Sign(ECDsa key, Nonce nonce, ChannelBinder? binder, Sha256Digest claims)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.SignHash(Hash(nonce, binder, claims), DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    /// <summary>Verifies that an enclave signed this connection.</summary>
    /// <remarks>1. The connection shows the enclave's TLS key. 2. The enclave has a connection key, and it is on the curve P-256. 3. That key signed this nonce, this binder and these claims.</remarks>
    /// <exception cref="AttestationException"><see cref="RejectionCode.TlsKeyMismatch"/>, <see cref="RejectionCode.ConnectionNotProved"/>.</exception>
    public static void Verify(VerifiedEnclave enclave, Sha256Digest tlsKey, Nonce nonce, ChannelBinder? binder, ReadOnlySpan<byte> signature)
    {
        ArgumentNullException.ThrowIfNull(enclave);
        Reject.Unless(enclave.TlsKey is { } verified && verified.Equals(tlsKey), RejectionCode.TlsKeyMismatch, "The connection shows another TLS key than the enclave's.");       // 1
        var encoded = enclave.ConnectionKey ?? throw NotProved();
        using var key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(encoded.Span, out var read);
            Reject.Unless(read == encoded.Length && key.ExportParameters(false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value, RejectionCode.ConnectionNotProved,
                "The enclave's connection key is not on the curve P-256.");                                                                                                   // 2
            Reject.Unless(signature.Length == SignatureLength && key.VerifyHash(Hash(nonce, binder, enclave.ClaimsDigest), signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
                RejectionCode.ConnectionNotProved, "The enclave's connection key did not sign this connection.", "somebody relays it, or another process answers at this address.");  // 3
        }
        catch (CryptographicException exception)
        {
            throw NotProved(exception);
        }
    }

    /// <summary>SHA-256("blindai-conn-1" 0x00 ‖ nonce ‖ binder ‖ claims digest); without a binder nothing stands in its place, which the length of the whole shows.</summary>
    /// <remarks>So the nonce has one length: a longer one could carry a binder of somebody's choice into a signature that was asked for without one.</remarks>
    internal static byte[] Hash(Nonce nonce, ChannelBinder? binder, Sha256Digest claims)
    {
        ArgumentNullException.ThrowIfNull(nonce);
        ArgumentNullException.ThrowIfNull(claims);
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Bytes.Length, Nonce.MinLength);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Label);
        hash.AppendData(nonce.Bytes.Span);
        hash.AppendData(binder is null ? [] : binder.Digest.Bytes);
        hash.AppendData(claims.Bytes);
        return hash.GetHashAndReset();
    }

    private static AttestationException NotProved(Exception? inner = null) =>
        new(RejectionCode.ConnectionNotProved, "The enclave names no usable connection key.", "it may be an older server: connect in pinned mode.", inner);
}
