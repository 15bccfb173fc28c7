using BlindAI.Protocol.Hpke;

namespace BlindAI.Protocol.Ohttp;

/// <summary>Seals the chunks of one message, a request's or a response's, in order.</summary>
/// <remarks>
/// Source: draft-ietf-ohai-chunked-ohttp-08, section 3. Chunked: each chunk is varint(length of the ciphertext) ‖ ciphertext, the final one varint(0) ‖ ciphertext
/// to the end of the body, sealed with the additional data <c>final</c>. Single (RFC 9458, section 4): the one ciphertext alone.
/// </remarks>
public sealed class OhttpChunkSealer
{
    /// <summary>Most bytes that a chunk takes beyond its plaintext.</summary>
    public const int MaxOverhead = QuicVarint.MaxLength + HpkeSuite.TagLength;

    private readonly AeadSequence _sequence;
    private bool _isDone;

    internal OhttpChunkSealer(OhttpForm form, ReadOnlyMemory<byte> head, AeadSequence sequence)
    {
        Form = form;
        Head = head;
        _sequence = sequence;
    }

    /// <summary>How the message is sealed.</summary>
    public OhttpForm Form { get; }

    /// <summary>What precedes the first chunk: a request's header and encapsulation (72 bytes), or a response's nonce (16 or 32).</summary>
    public ReadOnlyMemory<byte> Head { get; }

    /// <summary>Seals a chunk with its frame; the bytes written.</summary>
    /// <param name="plaintext">Not empty unless the chunk is final. It may lie in the destination if it begins where its ciphertext will: behind the frame.</param>
    /// <param name="isFinal">The message's last chunk; in the single form, its only one.</param>
    /// <param name="destination"><see cref="MaxOverhead"/> longer than the plaintext is always enough.</param>
    public int SealChunk(ReadOnlySpan<byte> plaintext, bool isFinal, Span<byte> destination)
    {
        if (_isDone)
        {
            throw new InvalidOperationException("The final chunk is sealed.");
        }

        if (!isFinal && (plaintext.IsEmpty || Form == OhttpForm.Single))
        {
            throw new ArgumentException("A chunk that is not final has content, and belongs to the chunked form.", nameof(isFinal));
        }

        _isDone = isFinal;
        var sealedLength = plaintext.Length + HpkeSuite.TagLength;
        var frame = FrameLength(plaintext.Length, isFinal);
        if (frame > 0)
        {
            QuicVarint.Write(destination, isFinal ? 0 : (ulong)sealedLength);
        }

        _sequence.Seal(isFinal && Form == OhttpForm.Chunked ? OhttpSuite.FinalMark : [], plaintext, destination.Slice(frame, sealedLength));
        return frame + sealedLength;
    }

    /// <summary>Bytes of the frame in front of a chunk.</summary>
    internal int FrameLength(int plaintextLength, bool isFinal) =>
        Form == OhttpForm.Single ? 0 : isFinal ? 1 : QuicVarint.LengthOf((ulong)(plaintextLength + HpkeSuite.TagLength));
}
