using System.Security.Cryptography;
using BlindAI.Attestation.NvidiaGpu;

namespace BlindAI.Attestation.Evidence;

/// <summary>The GPU beside a CPU: its evidence is the one that the CPU's claims name, and answers a nonce that only this exchange could ask.</summary>
/// <remarks>
/// Source: docs/attestation.md, clause 15. GPU evidence names no CPU. What joins the two is claim 13, under the CPU's signature, and a nonce made of the client's
/// nonce and the TLS key.
/// </remarks>
internal static class GpuCheck
{
    private static ReadOnlySpan<byte> Label => "blindai-gpu-1\0"u8;

    /// <summary>1. There is GPU evidence, and claim 13 names it. 2. It is authentic and answers the nonce. 3. The policy accepts it.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.GpuNotProved"/>, or what the GPU's verifier refuses.</exception>
    public static VerifiedEvidence Verify(EvidenceObject value, Claims claims, ChannelObservation seen, NvidiaPolicyEntry policy, ITeeVerifier verifier, DateTimeOffset now)
    {
        var item = value.Evidence.FirstOrDefault(item => item.Type == TeeKind.NvidiaGpu.EvidenceType
            && claims.Gpu is { } named && named.Equals(Sha256Digest.Of(item.Data.Span)));
        Reject.Unless(item is not null, RejectionCode.GpuNotProved, "The policy demands a GPU, and the claims name no GPU evidence that came along.",
            "is the server set up with a GPU in confidential-computing mode?");                                                     // 1
        var evidence = verifier.Verify(item, EvidenceChallenge.Exactly(NonceFor(seen.Nonce, claims.TlsKey)), now);                  // 2
        verifier.Judge(evidence, policy);                                                                                           // 3
        return evidence;
    }

    /// <summary>SHA-256("blindai-gpu-1" 0x00 ‖ nonce ‖ TLS key digest): what the GPU must answer.</summary>
    public static byte[] NonceFor(Nonce nonce, Sha256Digest tlsKey)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Label);
        hash.AppendData(nonce.Bytes.Span);
        hash.AppendData(tlsKey.Bytes);
        return hash.GetHashAndReset();
    }
}
