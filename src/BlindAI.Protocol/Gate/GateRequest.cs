using System.Buffers;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Protocol.Gate;

/// <summary>The preface: what a client says on a new TLS connection before any HTTP, so that the connection is proved first.</summary>
/// <remarks>
/// Source: docs/wire-protocol.md, clause 9. 8 bytes magic ‖ u8 flags ‖ u8 length of the nonce, always 32 ‖ nonce, and where a signature is enough, ‖ 32 bytes: SHA-256 of the claims that
/// the client has verified. The leading zero byte begins neither an HTTP/1 request nor the preface of HTTP/2.
/// </remarks>
public sealed record GateRequest
{
    /// <summary>Bytes of a preface that asks for evidence.</summary>
    public const int EvidenceLength = HeadLength + Nonce.MinLength;

    /// <summary>Bytes of a preface that asks for a signature.</summary>
    public const int ProofLength = EvidenceLength + Sha256Digest.Length;

    private const int HeadLength = 10;

    private const byte WantsBinderFlag = 1;

    private const byte WantsProofFlag = 2;

    /// <summary>NUL "BLNDAI" 01.</summary>
    public static ReadOnlySpan<byte> Magic => [0x00, 0x42, 0x4C, 0x4E, 0x44, 0x41, 0x49, 0x01];

    /// <summary>The client's nonce of this connection, 32 bytes.</summary>
    public required Nonce Nonce { get; init; }

    /// <summary>Whether the answer must be bound to this very connection.</summary>
    public required bool WantsBinder { get; init; }

    /// <summary>SHA-256 of the claims that the client has verified: a signature by the connection key is enough. Null asks for evidence.</summary>
    public Sha256Digest? VerifiedClaims { get; init; }

    /// <summary>Whether bytes are the beginning of a preface; null while they are too few to tell.</summary>
    public static bool? IsBegunBy(ReadOnlySequence<byte> bytes)
    {
        var reader = new SequenceReader<byte>(bytes);
        foreach (var expected in Magic)
        {
            if (!reader.TryRead(out var value))
            {
                return null;
            }

            if (value != expected)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads a preface whose magic has been seen; null while it is incomplete.</summary>
    /// <param name="bytes">What has arrived.</param>
    /// <param name="end">Where HTTP begins.</param>
    /// <exception cref="ServingException"><see cref="ServingCode.RequestMalformed"/>.</exception>
    public static GateRequest? TryRead(ReadOnlySequence<byte> bytes, out SequencePosition end)
    {
        end = bytes.Start;
        if (bytes.Length < HeadLength)
        {
            return null;
        }

        Span<byte> preface = stackalloc byte[ProofLength];
        bytes.Slice(0, HeadLength).CopyTo(preface);
        var (flags, nonceLength) = (preface[Magic.Length], preface[Magic.Length + 1]);
        if ((flags & ~(WantsBinderFlag | WantsProofFlag)) != 0 || nonceLength != Nonce.MinLength)
        {
            throw new ServingException(ServingCode.RequestMalformed, "The preface has unknown flags, or a nonce that is not of 32 bytes.", "a newer server may know it.");
        }

        var wantsProof = (flags & WantsProofFlag) != 0;
        var length = wantsProof ? ProofLength : EvidenceLength;
        if (bytes.Length < length)
        {
            return null;
        }

        bytes.Slice(0, length).CopyTo(preface);
        end = bytes.GetPosition(length);
        return new()
        {
            Nonce = Nonce.Parse(preface[HeadLength..EvidenceLength]),
            WantsBinder = (flags & WantsBinderFlag) != 0,
            VerifiedClaims = wantsProof ? new(preface[EvidenceLength..].ToArray()) : null,
        };
    }

    /// <summary>The bytes to send.</summary>
    public byte[] Encode()
    {
        var flags = (WantsBinder ? WantsBinderFlag : 0) | (VerifiedClaims is null ? 0 : WantsProofFlag);
        return [.. Magic, (byte)flags, Nonce.MinLength, .. Nonce.Bytes.Span, .. VerifiedClaims is null ? [] : VerifiedClaims.Bytes];
    }
}
