using System.Buffers.Binary;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Protocol.Gate;

/// <summary>The head of what a server answers to a preface; as many bytes as it says follow, and then HTTP begins.</summary>
/// <remarks>Source: docs/wire-protocol.md, clause 9. 8 bytes magic ‖ u32be length. Nothing of it is trusted: evidence and signature prove themselves, and a refusal proves nothing.</remarks>
public readonly record struct GateAnswer
{
    /// <summary>Bytes of a head.</summary>
    public const int HeadLength = 12;

    /// <summary>Most bytes of evidence that follow: an evidence object in CBOR.</summary>
    public const int MaxEvidenceLength = EvidenceObject.MaxEncodedLength;

    /// <summary>Most bytes of a refusal that follow: an error in JSON.</summary>
    public const int MaxRefusalLength = 4096;

    private const byte Given = 0x02;

    private const byte Refused = 0x03;

    /// <summary>Whether what follows is the server's refusal, after which it closes.</summary>
    public required bool IsRefusal { get; init; }

    /// <summary>Bytes that follow.</summary>
    public required int Length { get; init; }

    private static ReadOnlySpan<byte> MagicBegin => GateRequest.Magic[..^1];

    /// <summary>Reads a head.</summary>
    /// <param name="head">Its <see cref="HeadLength"/> bytes.</param>
    /// <param name="wanted">Bytes that a grant may have at most, or has exactly where a signature was asked for.</param>
    /// <exception cref="AttestationException"><see cref="RejectionCode.GateUnsupported"/>: something else answers; <see cref="RejectionCode.TooLarge"/>.</exception>
    public static GateAnswer Parse(ReadOnlySpan<byte> head, int wanted)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(head.Length, HeadLength);
        var kind = head[MagicBegin.Length];
        if (!head.StartsWith(MagicBegin) || kind is not (Given or Refused))
        {
            throw new AttestationException(RejectionCode.GateUnsupported, "The server does not prove single connections.",
                "an older server: connect in pinned mode; behind a proxy that ends TLS: use sealed requests.");
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(head[GateRequest.Magic.Length..]);
        var limit = kind == Refused ? MaxRefusalLength : wanted;
        return length <= limit
            ? new() { IsRefusal = kind == Refused, Length = (int)length }
            : throw new AttestationException(RejectionCode.TooLarge, $"The answer to the preface has {length} bytes; the most is {limit}.");
    }

    /// <summary>A whole answer with evidence or a signature.</summary>
    public static byte[] Grant(ReadOnlySpan<byte> body) => Encode(Given, body);

    /// <summary>A whole refusal.</summary>
    public static byte[] Refuse(ReadOnlySpan<byte> error) => Encode(Refused, error);

    private static byte[] Encode(byte kind, ReadOnlySpan<byte> body)
    {
        var answer = new byte[HeadLength + body.Length];
        MagicBegin.CopyTo(answer);
        answer[MagicBegin.Length] = kind;
        BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(GateRequest.Magic.Length), (uint)body.Length);
        body.CopyTo(answer.AsSpan(HeadLength));
        return answer;
    }
}
