using System.IO.Pipelines;
using System.Text;
using BlindAI.Protocol.Inference;

namespace BlindAI.Protocol.Tests.Inference;

/// <summary>A request body that arrives through a pipe in pieces of any size: the next piece only after the last was taken.</summary>
internal sealed record RequestBody(byte[] Bytes, int? HeaderLength = null)
{
    public static RequestBody Json(string json) => new(Encoding.UTF8.GetBytes(json));

    /// <summary>JSON and the sections behind it, with the header's length stated rightly.</summary>
    public static RequestBody Binary(string json, params byte[][] sections)
    {
        var header = Encoding.UTF8.GetBytes(json);
        return new([.. header, .. sections.SelectMany(section => section)], header.Length);
    }

    /// <summary>One input of binary data.</summary>
    public static RequestBody OneInput(string datatype, string shape, byte[] data) => Binary(
        $$$"""{"inputs":[{"name":"x","datatype":"{{{datatype}}}","shape":{{{shape}}},"parameters":{"binary_data_size":{{{data.Length}}}}}]}""", data);

    /// <summary>Reads it as the server does, in pieces of at most <paramref name="piece"/> bytes.</summary>
    public Task<DecodedRequest> ReadAsync(ProtocolLimits? limits = null, int piece = int.MaxValue) => FeedAsync(
        Bytes, piece, pipe => HeaderLength is { } length
            ? new InferenceBodyReader(pipe, limits ?? new()).ReadBinaryAsync(length, CancellationToken.None)
            : new InferenceBodyReader(pipe, limits ?? new()).ReadJsonAsync(CancellationToken.None));

    public static Task<DecodedRequest> FeedAsync(byte[] bytes, int piece, Func<PipeReader, ValueTask<DecodedRequest>> read) =>
        FeedAsync(bytes.Chunk(Math.Min(piece, Math.Max(bytes.Length, 1))), read);

    /// <summary>Feeds pieces until they end or the reader has had enough.</summary>
    public static async Task<DecodedRequest> FeedAsync(IEnumerable<byte[]> pieces, Func<PipeReader, ValueTask<DecodedRequest>> read)
    {
        // With a threshold of one byte, a flush waits until the reader has taken what was written.
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
        var writing = WriteAsync(pipe.Writer, pieces);
        try
        {
            return await read(pipe.Reader);
        }
        finally
        {
            await pipe.Reader.CompleteAsync();
            await writing;
        }
    }

    private static async Task WriteAsync(PipeWriter writer, IEnumerable<byte[]> pieces)
    {
        foreach (var piece in pieces)
        {
            if ((await writer.WriteAsync(piece)).IsCompleted)
            {
                break;
            }
        }

        await writer.CompleteAsync();
    }
}
