using System.Buffers;
using BlindAI.Protocol.Inference;

namespace BlindAI.Server.Endpoints;

/// <summary>Memory in which a thread writes the JSON of an answer before its length is known, again and again.</summary>
internal static class JsonScratch
{
    // What a thread keeps; an answer with its tensors in the JSON may need more, which is then let go.
    private const int KeptLength = 16 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    /// <summary>Writes the JSON. It is valid on this thread until the next call, so until the caller awaits anything.</summary>
    public static ReadOnlyMemory<byte> Write(InferenceResponseEncoder answer)
    {
        var buffer = _buffer ?? new(initialCapacity: 1024);
        buffer.Clear();
        answer.WriteJson(buffer);

        // Values of tensors may be in it: a buffer that is kept is cleared by its next use, and one with much in it is not kept.
        _buffer = buffer.Capacity <= KeptLength ? buffer : null;
        return buffer.WrittenMemory;
    }
}
