using System.Buffers;
using System.IO.Pipelines;
using BlindAI.Protocol.Hpke;
using BlindAI.Protocol.Ohttp;
using CsCheck;

namespace BlindAI.Protocol.Tests.Ohttp;

public sealed class OhttpStreamTests
{
    [Fact]
    public async Task ReadAsync_RandomMessagesAndPieces_GivesWhatWasWritten()
    {
        await Gen.Select(Gen.Int[0, 40_000], Gen.Int[1, 20_000], Gen.Int[1, 20_000], Gen.Bool, Gen.Bool, Gen.Bool).SampleAsync(async (length, write, piece, isPadded, isSingle, isFlushed) =>
        {
            var form = isSingle ? OhttpForm.Single : OhttpForm.Chunked;
            var plaintext = Enumerable.Range(0, length).Select(index => (byte)(index * 7)).ToArray();
            using var exchange = new SealedExchange(form);
            var body = await SealedExchange.WriteAsync(async pipe =>
            {
                var writer = new OhttpWriter(pipe, exchange.Sealer.Chunks, isPadded);
                foreach (var (index, part) in plaintext.Chunk(write).Index())
                {
                    if (isFlushed)
                    {
                        await writer.WriteAsync(part);
                    }
                    else
                    {
                        part.CopyTo(writer.GetSpan(part.Length));
                        writer.Advance(part.Length);
                    }
                }

                await writer.CompleteAsync();
            });
            var opened = await SealedExchange.OpenAsync(body, piece, form);
            Assert.Equal(isPadded ? OhttpWriter.PaddedLength(length) : length, opened.Length);
            Assert.Equal(plaintext, opened[..length]);
            Assert.DoesNotContain(opened[length..], value => value != 0);
            if (!isFlushed || isPadded)
            {
                Assert.Equal(OhttpWriter.SealedLength(exchange.Sealer.Chunks, length, isPadded), body.Length);
            }
        }, iter: 200, threads: 1);
    }

    [Theory]
    [InlineData(OhttpForm.Chunked)]
    [InlineData(OhttpForm.Single)]
    public async Task ReadAsync_AnyBitFlipped_IsRefused(OhttpForm form)
    {
        var body = await ThreeChunks(form);
        for (var bit = 0; bit < body.Length * 8; bit++)
        {
            var altered = body.ToArray();
            altered[bit / 8] ^= (byte)(1 << (bit % 8));
            await Assert.ThrowsAsync<OhttpException>(() => SealedExchange.OpenAsync(altered, form: form));
        }
    }

    [Theory]
    [InlineData(OhttpForm.Chunked)]
    [InlineData(OhttpForm.Single)]
    public async Task ReadAsync_TruncatedAtAnyByte_IsRefused(OhttpForm form)
    {
        var body = await ThreeChunks(form);
        for (var length = 0; length < body.Length; length++)
        {
            await Assert.ThrowsAsync<OhttpException>(() => SealedExchange.OpenAsync(body[..length], 7, form));
        }
    }

    [Fact]
    public async Task ReadAsync_AfterAFault_FailsAgain()
    {
        var body = await ThreeChunks(OhttpForm.Chunked);
        body[^1] ^= 1;
        var pipe = SealedExchange.Arriving(body, 16);
        using var opener = await OhttpRequestOpener.ReadAsync(pipe, OhttpForm.Chunked, _ => SealedExchange.Key, TestContext.Current.CancellationToken);
        var reader = new OhttpReader(pipe, opener.Chunks);
        await Assert.ThrowsAsync<OhttpException>(() => SealedExchange.ReadToEndAsync(reader));
        await Assert.ThrowsAsync<OhttpException>(() => SealedExchange.ReadToEndAsync(reader));
        Assert.Throws<OhttpException>(() => reader.TryRead(out _));
    }

    [Fact]
    public async Task ReadAsync_StatedLengthOverTheLimit_IsRefusedBeforeItsBytes()
    {
        using var exchange = new SealedExchange();
        var body = new byte[8];
        var length = QuicVarint.Write(body, OhttpChunkOpener.MaxPlaintextLength + HpkeSuite.TagLength + 1);
        var reader = new OhttpReader(PipeReader.Create(new ReadOnlySequence<byte>(body, 0, length)), exchange.Opener.Chunks);
        Assert.Equal(OhttpFault.Malformed, (await Assert.ThrowsAsync<OhttpException>(() => SealedExchange.ReadToEndAsync(reader))).Fault);
    }

    [Fact]
    public async Task ReadAsync_LargestChunk_IsOpened()
    {
        using var exchange = new SealedExchange();
        var plaintext = new byte[OhttpChunkOpener.MaxPlaintextLength];
        plaintext[^1] = 1;
        var chunk = new byte[plaintext.Length + OhttpChunkSealer.MaxOverhead];
        byte[] body = [.. chunk[..exchange.Sealer.Chunks.SealChunk(plaintext, isFinal: false, chunk)], .. chunk[..exchange.Sealer.Chunks.SealChunk(plaintext, isFinal: true, chunk)]];
        var opened = await SealedExchange.ReadToEndAsync(new OhttpReader(SealedExchange.Arriving(body, 4096), exchange.Opener.Chunks));
        Assert.Equal([.. plaintext, .. plaintext], opened);
    }

    [Theory]
    [InlineData(OhttpForm.Chunked)]
    [InlineData(OhttpForm.Single)]
    public async Task ReadAsync_FinalChunkOverTheLimit_IsRefused(OhttpForm form)
    {
        using var exchange = new SealedExchange(form);
        var body = new byte[OhttpChunkOpener.MaxPlaintextLength + 1 + OhttpChunkSealer.MaxOverhead];
        var length = exchange.Sealer.Chunks.SealChunk(new byte[OhttpChunkOpener.MaxPlaintextLength + 1], isFinal: true, body);
        var reader = new OhttpReader(SealedExchange.Arriving(body[..length], 4096), exchange.Opener.Chunks);
        await Assert.ThrowsAsync<OhttpException>(() => SealedExchange.ReadToEndAsync(reader));
    }

    [Fact]
    public async Task CompleteAsync_WithAFault_LeavesAMessageThatIsTruncated()
    {
        using var exchange = new SealedExchange();
        var pipe = new Pipe();
        var writer = new OhttpWriter(pipe.Writer, exchange.Sealer.Chunks);
        await writer.WriteAsync("half"u8.ToArray(), TestContext.Current.CancellationToken);
        await writer.CompleteAsync(new IOException("The model failed."));
        await Assert.ThrowsAsync<IOException>(() => SealedExchange.ReadToEndAsync(pipe.Reader));
    }

    [Fact]
    public async Task FlushAsync_Padded_SendsNoPartOfAChunk()
    {
        using var exchange = new SealedExchange();
        var bodies = new List<int>();
        foreach (var length in (int[])[1, 500, 1024])
        {
            using var other = new SealedExchange();
            bodies.Add((await SealedExchange.WriteAsync(async pipe =>
            {
                var writer = new OhttpWriter(pipe, other.Sealer.Chunks, isPadded: true);
                await writer.WriteAsync(new byte[length]);
                await writer.WriteAsync(ReadOnlyMemory<byte>.Empty);
                await writer.CompleteAsync();
            })).Length);
        }

        Assert.Single(bodies.Distinct());
    }

    [Fact]
    public async Task ReadResponseAsync_AnswerToAnotherRequest_IsRefused()
    {
        using var exchange = new SealedExchange();
        using var other = new SealedExchange();
        var body = await SealedExchange.WriteAsync(async pipe =>
        {
            var writer = new OhttpWriter(pipe, other.Opener.CreateResponseSealer());
            await writer.WriteAsync("answer"u8.ToArray());
            await writer.CompleteAsync();
        });
        var reader = await exchange.Sealer.ReadResponseAsync(SealedExchange.Arriving(body, 16), TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<OhttpException>(() => SealedExchange.ReadToEndAsync(reader));
    }

    [Fact]
    public void SealChunk_OutOfPlace_IsAMistakeOfTheCaller()
    {
        using var exchange = new SealedExchange();
        var chunk = new byte[64];
        Assert.Throws<ArgumentException>(() => exchange.Sealer.Chunks.SealChunk([], isFinal: false, chunk));
        exchange.Sealer.Chunks.SealChunk([], isFinal: true, chunk);
        Assert.Throws<InvalidOperationException>(() => exchange.Sealer.Chunks.SealChunk([1], isFinal: true, chunk));
        exchange.Opener.CreateResponseSealer();
        Assert.Throws<InvalidOperationException>(() => exchange.Opener.CreateResponseSealer());
    }

    [Fact]
    public void Create_DisposedKey_IsUnknown()
    {
        var key = HpkePrivateKey.Generate();
        using var sealer = OhttpRequestSealer.Create(OhttpKeyConfiguration.Of(1, key.PublicKey));
        key.Dispose();
        Assert.Equal(OhttpFault.KeyUnknown, Assert.Throws<OhttpException>(() => OhttpRequestOpener.Create(sealer.Chunks.Head.Span, OhttpForm.Chunked, _ => key)).Fault);
    }

    private static Task<byte[]> ThreeChunks(OhttpForm form) => SealedExchange.WriteAsync(async pipe =>
    {
        using var sealer = OhttpRequestSealer.Create(OhttpKeyConfiguration.Of(1, SealedExchange.Key.PublicKey), form);
        var writer = new OhttpWriter(pipe, sealer.Chunks);
        await writer.WriteAsync("first"u8.ToArray());
        await writer.WriteAsync("second"u8.ToArray());
        writer.Write("third"u8);
        await writer.CompleteAsync();
    });
}
