using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using BlindAI.Protocol.Hpke;
using BlindAI.Protocol.Ohttp;

namespace BlindAI.Testing;

/// <summary>A caller's end of one sealed request, made by hand: it seals what a test wants, in the chunks that it wants, and opens the answer; of a replayed one, every answer.</summary>
public sealed class SealedCall : IDisposable
{
    private readonly HpkePrivateKey _ephemeral = HpkePrivateKey.Generate();

    private readonly OhttpKeyConfiguration _configuration;

    private readonly OhttpForm _form;

    private readonly HpkeAead? _aead;

    private readonly OhttpRequestSealer _sealer;

    // One for each answer that was opened: a sealer has one answer.
    private readonly List<OhttpRequestSealer> _openers = [];

    /// <param name="keys">The server's <c>application/ohttp-keys</c>.</param>
    /// <param name="form">How to seal.</param>
    /// <param name="aead">The cipher; null takes the preferred one.</param>
    public SealedCall(ReadOnlySpan<byte> keys, OhttpForm form = OhttpForm.Chunked, HpkeAead? aead = null)
    {
        _configuration = OhttpKeyConfiguration.Parse(keys)[0];
        _form = form;
        _aead = aead;
        _sealer = CreateSealer();
    }

    /// <summary>What precedes the chunks: key id, suite and encapsulated key.</summary>
    public byte[] Head => _sealer.Chunks.Head.ToArray();

    /// <summary>An inner request in the known-length form, checked by nothing.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path.</param>
    /// <param name="content">The content.</param>
    /// <param name="headers">The headers; a date of now goes in front unless there is one.</param>
    /// <param name="scheme">The scheme.</param>
    /// <param name="authority">The authority.</param>
    public static byte[] Message(string method, string path, ReadOnlySpan<byte> content = default, IReadOnlyList<(string Name, string Value)>? headers = null, string scheme = "https", string authority = "localhost")
    {
        headers ??= [];
        var lines = new ArrayBufferWriter<byte>();
        if (!headers.Any(header => header.Name == "date"))
        {
            WriteText(lines, "date");
            WriteText(lines, DateTimeOffset.UtcNow.ToString("r", CultureInfo.InvariantCulture));
        }

        // A header without a name stands for "no date".
        foreach (var (name, value) in headers.Where(header => header is not { Name: "date", Value: "" }))
        {
            WriteText(lines, name);
            WriteText(lines, value);
        }

        var message = new ArrayBufferWriter<byte>();
        WriteVarint(message, 0);
        WriteText(message, method);
        WriteText(message, scheme);
        WriteText(message, authority);
        WriteText(message, path);
        WriteVarint(message, lines.WrittenCount);
        message.Write(lines.WrittenSpan);
        WriteVarint(message, content.Length);
        message.Write(content);
        WriteVarint(message, 0);
        return message.WrittenSpan.ToArray();
    }

    /// <summary>The next chunk with its frame.</summary>
    public byte[] Chunk(ReadOnlySpan<byte> plaintext, bool isFinal)
    {
        var chunk = new byte[plaintext.Length + OhttpChunkSealer.MaxOverhead];
        return chunk[.._sealer.Chunks.SealChunk(plaintext, isFinal, chunk)];
    }

    /// <summary>A whole sealed request, in chunks of a length, the last one final.</summary>
    public byte[] Seal(ReadOnlySpan<byte> message, int chunkLength = OhttpChunkOpener.MaxPlaintextLength)
    {
        var body = new ArrayBufferWriter<byte>(message.Length + 1024);
        body.Write(Head);
        for (; message.Length > chunkLength; message = message[chunkLength..])
        {
            body.Write(Chunk(message[..chunkLength], isFinal: false));
        }

        body.Write(Chunk(message, isFinal: true));
        return body.WrittenSpan.ToArray();
    }

    /// <summary>Opens an answer as it comes: its head, then its content.</summary>
    public async Task<(BinaryHttpResponseHead Head, PipeReader Content)> OpenAsync(Stream answer, CancellationToken cancellationToken)
    {
        var opener = CreateSealer();
        _openers.Add(opener);
        var reader = new BinaryHttpReader(await opener.ReadResponseAsync(PipeReader.Create(answer), cancellationToken));
        return (await reader.ReadResponseHeadAsync(cancellationToken), reader);
    }

    /// <summary>Opens a whole answer.</summary>
    public async Task<(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Content)> OpenAsync(byte[] answer, CancellationToken cancellationToken)
    {
        var (head, reader) = await OpenAsync(new MemoryStream(answer), cancellationToken);
        var content = new MemoryStream();
        await reader.CopyToAsync(content, cancellationToken);
        return (head.Status, head.Headers.ToDictionary(header => header.Key, header => header.Value, StringComparer.OrdinalIgnoreCase), content.ToArray());
    }

    public void Dispose()
    {
        _sealer.Dispose();
        _openers.ForEach(opener => opener.Dispose());
        _ephemeral.Dispose();
    }

    private OhttpRequestSealer CreateSealer() => OhttpRequestSealer.Create(_configuration, _form, _ephemeral, _aead);

    private static void WriteText(ArrayBufferWriter<byte> writer, string text)
    {
        WriteVarint(writer, text.Length);
        writer.Write(Encoding.Latin1.GetBytes(text));
    }

    // RFC 9000, section 16; the form of four bytes is read as well as a shorter one.
    private static void WriteVarint(ArrayBufferWriter<byte> writer, int value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(writer.GetSpan(sizeof(uint)), (uint)value | (2U << 30));
        writer.Advance(sizeof(uint));
    }
}
