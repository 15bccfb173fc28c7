using BlindAI.Protocol.Hpke;

namespace BlindAI.Protocol.Ohttp;

/// <summary>Opens the chunks of one message in order; <see cref="OhttpReader"/> finds them in the body.</summary>
/// <remarks>Source: as for <see cref="OhttpChunkSealer"/>. A chunk that is changed, repeated, left out, out of order, or final in one sense only does not open.</remarks>
public sealed class OhttpChunkOpener
{
    /// <summary>Most plaintext bytes of a chunk, and of a message in the single form: 1 MiB. The draft asks for 16384 at least.</summary>
    public const int MaxPlaintextLength = 1 << 20;

    private readonly AeadSequence _sequence;

    internal OhttpChunkOpener(OhttpForm form, AeadSequence sequence)
    {
        Form = form;
        _sequence = sequence;
    }

    /// <summary>How the message is sealed.</summary>
    public OhttpForm Form { get; }

    /// <summary>Opens the ciphertext of a chunk, without its frame; the length of the plaintext.</summary>
    /// <exception cref="OhttpException"><see cref="OhttpFault.Malformed"/>.</exception>
    public int OpenChunk(ReadOnlySpan<byte> ciphertext, bool isFinal, Span<byte> destination)
    {
        try
        {
            var length = Math.Max(0, ciphertext.Length - HpkeSuite.TagLength);
            _sequence.Open(isFinal && Form == OhttpForm.Chunked ? OhttpSuite.FinalMark : [], ciphertext, destination[..length]);
            return length;
        }
        catch (HpkeException exception)
        {
            throw new OhttpException(OhttpFault.Malformed, exception);
        }
    }
}
