using System.Buffers;
using System.IO.Pipelines;
using BlindAI.Protocol.Hpke;
using BlindAI.Protocol.Ohttp;

namespace BlindAI.Protocol.Tests.Ohttp;

/// <summary>Both ends of an exchange over memory.</summary>
internal sealed class SealedExchange : IDisposable
{
    public SealedExchange(OhttpForm form = OhttpForm.Chunked)
    {
        Sealer = OhttpRequestSealer.Create(OhttpKeyConfiguration.Of(1, Key.PublicKey), form);
        Opener = OhttpRequestOpener.Create(Sealer.Chunks.Head.Span, form, _ => Key);
    }

    public static HpkePrivateKey Key { get; } = HpkePrivateKey.Generate();

    public OhttpRequestSealer Sealer { get; }

    public OhttpRequestOpener Opener { get; }

    public void Dispose()
    {
        Sealer.Dispose();
        Opener.Dispose();
    }

    /// <summary>The body that a writer leaves.</summary>
    public static async Task<byte[]> WriteAsync(Func<PipeWriter, Task> write)
    {
        var stream = new MemoryStream();
        await write(PipeWriter.Create(stream, new(leaveOpen: true)));
        return stream.ToArray();
    }

    /// <summary>The plaintext of a request's body, which arrives in pieces of a size.</summary>
    public static async Task<byte[]> OpenAsync(byte[] body, int pieceLength = int.MaxValue, OhttpForm form = OhttpForm.Chunked)
    {
        var pipe = Arriving(body, pieceLength);
        using var opener = await OhttpRequestOpener.ReadAsync(pipe, form, id => id == 1 ? Key : null, TestContext.Current.CancellationToken);
        return await ReadToEndAsync(new OhttpReader(pipe, opener.Chunks));
    }

    public static PipeReader Arriving(byte[] body, int pieceLength) =>
        PipeReader.Create(new SlowStream(body, pieceLength), new(bufferSize: Math.Clamp(pieceLength, 16, 4096)));

    public static async Task<byte[]> ReadToEndAsync(PipeReader reader)
    {
        var all = new ArrayBufferWriter<byte>();
        while (true)
        {
            var result = await reader.ReadAsync(TestContext.Current.CancellationToken);
            foreach (var segment in result.Buffer)
            {
                all.Write(segment.Span);
            }

            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return all.WrittenSpan.ToArray();
            }
        }
    }

    private sealed class SlowStream(byte[] bytes, int pieceLength) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, pieceLength)], cancellationToken);
    }
}
