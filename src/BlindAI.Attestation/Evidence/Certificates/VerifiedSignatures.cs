using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace BlindAI.Attestation.Evidence.Certificates;

/// <summary>Signatures of vendors that held once, so that the same certificate or collateral costs its mathematics once in a process.</summary>
/// <remarks>
/// That a signature holds is a fact without a date: nothing else is remembered, least of all a decision. Names, validity, revocation and pins are checked
/// every time. Callers check a chain from its pinned root downwards, so that only what a vendor signed is ever remembered.
/// </remarks>
internal static class VerifiedSignatures
{
    /// <summary>Most remembered signatures, 32 bytes each; when full, all are forgotten.</summary>
    private const int Capacity = 4096;

    private static readonly ConcurrentDictionary<Sha256Digest, bool> Held = new();

    /// <exception cref="AttestationException"><see cref="RejectionCode.AlgorithmUnsupported"/>: the key is not one for the algorithm.</exception>
    public static bool Holds(Certificate signer, SignatureAlgorithm algorithm, ReadOnlyMemory<byte> data, ReadOnlyMemory<byte> signature)
    {
        var fact = FactOf(signer.SubjectPublicKeyInfo.Span, algorithm, data.Span, signature.Span);
        if (Held.ContainsKey(fact))
        {
            return true;
        }

        if (!Verify(signer, algorithm, data.Span, signature.Span))
        {
            return false;
        }

        if (Held.Count >= Capacity)
        {
            Held.Clear();
        }

        Held[fact] = true;
        return true;
    }

    /// <summary>Forgets everything: for measurements.</summary>
    public static void Clear() => Held.Clear();

    /// <summary>Whether the signature holds, in the form of X.509 (DER for ECDSA); nothing is remembered.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.AlgorithmUnsupported"/>: the key is not one for the algorithm.</exception>
    public static bool Verify(Certificate signer, SignatureAlgorithm algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (algorithm == SignatureAlgorithm.RsaPssSha384)
        {
            using var rsa = PublicKeyInfo.ImportRsa(signer.SubjectPublicKeyInfo);
            return rsa.VerifyData(data, signature, HashAlgorithmName.SHA384, RSASignaturePadding.Pss);
        }

        var isSha256 = algorithm == SignatureAlgorithm.EcdsaSha256;
        using var key = isSha256 ? signer.ImportP256() : signer.ImportP384();
        return key.VerifyData(data, signature, isSha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA384, DSASignatureFormat.Rfc3279DerSequence);
    }

    // Each part is preceded by its length, so that no two different facts have one encoding.
    private static Sha256Digest FactOf(ReadOnlySpan<byte> key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> prefix = stackalloc byte[16];
        BitConverter.TryWriteBytes(prefix, (int)algorithm);
        BitConverter.TryWriteBytes(prefix[4..], key.Length);
        BitConverter.TryWriteBytes(prefix[8..], data.Length);
        BitConverter.TryWriteBytes(prefix[12..], signature.Length);
        hash.AppendData(prefix);
        hash.AppendData(key);
        hash.AppendData(data);
        hash.AppendData(signature);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        return new(digest);
    }
}
