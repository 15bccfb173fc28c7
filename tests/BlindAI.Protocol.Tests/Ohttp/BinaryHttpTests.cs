using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using BlindAI.Protocol.Ohttp;
using CsCheck;

namespace BlindAI.Protocol.Tests.Ohttp;

public sealed class BinaryHttpTests
{
    private static readonly BinaryHttpRequestHead Request = new()
    {
        Method = "POST",
        Scheme = "https",
        Authority = "example.com",
        Path = "/v2/models/m/infer",
        Headers = [new("content-type", "application/json")],
        ContentLength = 13,
    };

    // attested-channel, appendix A: the inner message of the golden request.
    private const string GoldenRequest =
        "0004504f53540568747470730b6578616d706c652e636f6d122f76322f6d6f64656c732f6d2f696e6665721e0c636f6e74656e742d74797065106170706c69636174696f6e2f6a736f6e0d7b22696e70757473223a5b5d7d00";

    // RFC 9292, section 5.1: the example in the known-length form, and in the indeterminate-length one with padding.
    private const string ExampleFields =
        "0a757365722d6167656e74346375726c2f372e31362e33206c69626375726c2f372e31362e33204f70656e53534c2f302e392e376c207a6c69622f312e322e33"
        + "04686f73740f7777772e6578616d706c652e636f6d0f6163636570742d6c616e677561676506656e2c206d69";

    private const string KnownExample = "0003474554056874747073000a2f68656c6c6f2e747874" + "406c" + ExampleFields + "0000";
    private const string IndeterminateExample = "0203474554056874747073000a2f68656c6c6f2e747874" + ExampleFields + "00000000000000000000";

    // RFC 9292, section 5.2, shortened: an interim response before the final one.
    private const string InterimResponse = "03" + "4066" + "0772756e6e696e670a22736c6565702031352200" + "40c8" + "046461746501310000" + "00";

    [Fact]
    public async Task Start_KnownLength_WritesTheGoldenBytes()
    {
        var bytes = await Write(Request, "{\"inputs\":[]}"u8.ToArray());
        Assert.Equal(GoldenRequest, Convert.ToHexStringLower(bytes));
        Assert.Equal("0140c800027b7d00", Convert.ToHexStringLower(await Write(new BinaryHttpResponseHead { Status = 200, ContentLength = 2 }, "{}"u8.ToArray())));
    }

    [Theory]
    [InlineData(KnownExample)]
    [InlineData(IndeterminateExample)]
    public async Task ReadRequestHeadAsync_ExampleOfTheSpecification_IsRead(string bytes)
    {
        var reader = Reader(Convert.FromHexString(bytes), 3);
        var head = await reader.ReadRequestHeadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("GET", "https", "", "/hello.txt"), (head.Method, head.Scheme, head.Authority, head.Path));
        Assert.Equal(["user-agent", "host", "accept-language"], head.Headers.Select(header => header.Key));
        Assert.Equal("en, mi", head.Headers[2].Value);
        Assert.Empty(await SealedExchange.ReadToEndAsync(reader));
    }

    [Fact]
    public async Task ReadResponseHeadAsync_InterimResponses_ArePassedOver()
    {
        var reader = Reader(Convert.FromHexString(InterimResponse), 1);
        var head = await reader.ReadResponseHeadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(200, head.Status);
        Assert.Equal([new("date", "1")], head.Headers);
        Assert.Empty(await SealedExchange.ReadToEndAsync(reader));
    }

    [Fact]
    public async Task ReadAsync_RandomContentAndPieces_GivesWhatWasWritten()
    {
        await Gen.Select(Gen.Int[0, 20_000], Gen.Int[1, 9_000], Gen.Int[1, 9_000], Gen.Int[0, 3000], Gen.Bool, Gen.Bool).SampleAsync(async (length, write, piece, padding, isKnown, keeps) =>
        {
            var content = Enumerable.Range(0, length).Select(index => (byte)(index * 7)).ToArray();
            var bytes = await SealedExchange.WriteAsync(async pipe =>
            {
                var writer = BinaryHttpWriter.Start(pipe, Request with { ContentLength = isKnown ? length : null });
                foreach (var (index, part) in content.Chunk(write).Index())
                {
                    if (index % 2 == 0)
                    {
                        await writer.WriteAsync(part);
                    }
                    else
                    {
                        writer.Write(part);
                        await writer.FlushAsync();
                    }
                }

                await writer.CompleteAsync();
            });
            var reader = Reader([.. bytes, .. new byte[padding]], piece);
            var head = await reader.ReadRequestHeadAsync();
            Assert.Equal(isKnown ? length : null, head.ContentLength);
            Assert.Equal(Request.Headers, head.Headers);
            Assert.Equal(content, keeps ? await ReadKeeping(reader) : await SealedExchange.ReadToEndAsync(reader));
        }, iter: 300, threads: 1);
    }

    [Fact]
    public async Task ReadAsync_TruncatedAtAnyByte_IsRefused()
    {
        foreach (var isKnown in (bool[])[true, false])
        {
            var bytes = await Write(Request with { ContentLength = isKnown ? 13 : null }, "{\"inputs\":[]}"u8.ToArray());
            for (var length = 0; length < bytes.Length; length++)
            {
                await Refusals.AssertCodeAsync(ServingCode.RequestMalformed, () => ReadRequest(bytes[..length]));
            }
        }
    }

    // Known-length requests but for the last: form, method, scheme, authority, path, then headers, content and trailers as hexadecimal.
    [Theory]
    [InlineData("04", "no form", ServingCode.RequestMalformed)]
    [InlineData("01 40c8 00 00 00", "a response", ServingCode.RequestMalformed)]
    [InlineData("00 00 'https' 00 '/' 00 00 00", "no method", ServingCode.RequestMalformed)]
    [InlineData("00 'GE T' 'https' 00 '/' 00 00 00", "a space in the method", ServingCode.RequestMalformed)]
    [InlineData("00 21 4747", "a method of 33 bytes", ServingCode.RequestTooLarge)]
    [InlineData("00 c0000001", "a length that does not end", ServingCode.RequestMalformed)]
    [InlineData("00 ffffffffffffffff", "a method of 2^62 bytes", ServingCode.RequestTooLarge)]
    [InlineData("00 'GET' 'HTTPS' 00 '/' 00 00 00", "an upper-case scheme", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 00 00 '/' 00 00 00", "no scheme", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 'a@b' '/' 00 00 00", "user information", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 'a/b' '/' 00 00 00", "a slash in the authority", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 4100", "an authority of 256 bytes", ServingCode.RequestTooLarge)]
    [InlineData("00 'GET' 'https' 00 00 00 00 00", "no path", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 'x' 00 00 00", "a path without a slash", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/ x' 00 00 00", "a space in the path", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/#x' 00 00 00", "a fragment", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 02 2f0a 00 00 00", "a line feed in the path", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 02 2fff 00 00 00", "a byte beyond ASCII in the path", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 80002001", "a path of 8193 bytes", ServingCode.RequestTooLarge)]
    [InlineData("00 'GET' 'https' 00 '/' 80008001", "headers of 32769 bytes", ServingCode.RequestTooLarge)]
    [InlineData("00 'GET' 'https' 00 '/' 04 'A' 'b' 00 00", "an upper-case name", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 08 ':path' 'b' 00 00", "a pseudo-header", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 05 'a b' 00 00 00", "a space in a name", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 03 00 'b' 00 00", "an empty name", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 05 'a' 02 620d 00 00", "a carriage return in a value", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 05 'a' 02 6200 00 00", "a zero in a value", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 05 'a' 02 627f 00 00", "a DEL in a value", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 05 'a' ' b' 00 00", "white space before a value", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 05 'a' 02 6209 00 00", "white space behind a value", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 03 'a' 'b' 00 00", "headers longer than stated", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 11 'content-length' '1' 00 00", "a content-length over the content", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 22 'content-length' '0' 'content-length' '0' 00 00", "two content-lengths", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 12 'content-length' '+0' 00 00", "a content-length with a sign", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 00 00 04 'A' 'b'", "an upper-case name of a trailer", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 00 00 0a ':status' 00", "a pseudo-header among the trailers", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 00 00 03 'a' 'b'", "trailers longer than stated", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 00 00 06 'a' 'b'", "trailers shorter than stated", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 00 00 80008001", "trailers of 32769 bytes", ServingCode.RequestTooLarge)]
    [InlineData("00 'GET' 'https' 00 '/' 00 00 00 0001", "something in the padding", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 00 02 61", "content shorter than stated", ServingCode.RequestMalformed)]
    [InlineData("00 'GET' 'https' 00 '/' 00 ffffffffffffffff 61", "content of 2^62 bytes", ServingCode.RequestMalformed)]
    [InlineData("02 'GET' 'https' 00 '/' 'content-length' '2' 00 'a' 00 00", "pieces under the content-length", ServingCode.RequestMalformed)]
    [InlineData("02 'GET' 'https' 00 '/' 'content-length' '2' 00 'aaa' 00 00", "pieces over the content-length", ServingCode.RequestMalformed)]
    [InlineData("02 'GET' 'https' 00 '/' 00 'a'", "no end of the pieces", ServingCode.RequestMalformed)]
    [InlineData("02 'GET' 'https' 00 '/' 00 'a' 00", "no end of the trailers", ServingCode.RequestMalformed)]
    public async Task ReadAsync_MalformedRequest_IsRefused(string bytes, string what, ServingCode code)
    {
        Assert.NotEmpty(what);
        await Refusals.AssertCodeAsync(code, () => ReadRequest(Bytes(bytes)));
    }

    [Theory]
    [InlineData("00 'GET' 'https' 00 '/' 11 'content-length' '1' 01 61 00 0000")]
    [InlineData("00 'GET' 'https' 00 '/' 06 'a' 'b c' 01 61 04 'x' 'y'")]
    [InlineData("00 'GET' 'https' 00 '/' 05 'a' 02 62e4 01 61 00")]
    [InlineData("4000 4003 474554 'https' '[::1]:8443' '/?q=1' 00 01 61 00")]
    [InlineData("02 'GET' 'https' 00 '/' 'content-length' '1' 00 'a' 00 'x' 'y' 00 00")]
    public async Task ReadAsync_UnusualRequest_IsRead(string bytes) => Assert.Equal("a", Encoding.ASCII.GetString(await ReadRequest(Bytes(bytes))));

    [Theory]
    [InlineData("00 'GET' 'https' 00 '/' 00 00 00")]
    [InlineData("01 4063 00 00 00")]
    [InlineData("01 4258 00 00 00")]
    [InlineData("01 40c8 04 'A' 'b' 00 00")]
    [InlineData("01 40c8 80008001")]
    [InlineData("01 40c8 11 'content-length' '2' 01 61 00")]
    [InlineData("01 4064 00 4064 00 4064 00 4064 00 4064 00 4064 00 4064 00 4064 00 4064 00 40c8 00 00 00")]
    public async Task ReadAsync_MalformedResponse_IsRefused(string bytes)
    {
        await Refusals.AssertCodeAsync(ServingCode.ResponseMalformed, async () =>
        {
            var reader = Reader(Bytes(bytes), 5);
            await reader.ReadResponseHeadAsync();
            await SealedExchange.ReadToEndAsync(reader);
        });
    }

    [Fact]
    public async Task ReadResponseHeadAsync_AnswerToHead_MayStateALength()
    {
        var reader = Reader(Bytes("01 40c8 11 'content-length' '2' 00 00"), 5);
        Assert.Equal(0, (await reader.ReadResponseHeadAsync(TestContext.Current.CancellationToken)).ContentLength);
        Assert.Empty(await SealedExchange.ReadToEndAsync(reader));
    }

    [Theory]
    [InlineData(BinaryHttpLimits.MaxFieldCount, true)]
    [InlineData(BinaryHttpLimits.MaxFieldCount + 1, false)]
    public async Task ReadRequestHeadAsync_ManyHeaders_AreCounted(int count, bool isRead)
    {
        foreach (var isKnown in (bool[])[true, false])
        {
            byte[] fields = [.. Enumerable.Repeat(Bytes("'a' 'b'"), count).SelectMany(field => field)];
            byte[] length = isKnown ? [(byte)(0x40 + (fields.Length >> 8)), (byte)fields.Length] : [];
            byte[] bytes = [(byte)(isKnown ? 0 : 2), .. Bytes("'GET' 'https' 00 '/'"), .. length, .. fields, .. isKnown ? [] : new byte[1], 0, 0];
            var read = () => ReadRequest(bytes);
            if (isRead)
            {
                Assert.Empty(await read());
            }
            else
            {
                await Refusals.AssertCodeAsync(ServingCode.RequestTooLarge, read);
            }
        }
    }

    [Fact]
    public async Task ReadRequestHeadAsync_IndeterminateHeadersOverTheirLimit_AreRefused()
    {
        var value = new string('v', 1000);
        byte[] field = [1, (byte)'a', 0x43, 0xE8, .. Encoding.ASCII.GetBytes(value)];
        byte[] bytes = [2, .. Bytes("'GET' 'https' 00 '/'"), .. Enumerable.Repeat(field, 33).SelectMany(part => part), 0, 0, 0];
        await Refusals.AssertCodeAsync(ServingCode.RequestTooLarge, () => ReadRequest(bytes));
    }

    [Fact]
    public async Task ReadAsync_AfterAFault_FailsAgain()
    {
        var reader = Reader(Bytes("00 'GET' 'https' 00 '/' 00 00 00 000100"), 1000);
        await reader.ReadRequestHeadAsync(TestContext.Current.CancellationToken);
        await Refusals.AssertCodeAsync(ServingCode.RequestMalformed, () => SealedExchange.ReadToEndAsync(reader));
        await Refusals.AssertCodeAsync(ServingCode.RequestMalformed, () => SealedExchange.ReadToEndAsync(reader));
    }

    [Theory]
    [InlineData("a\r\nb")]
    [InlineData(" a")]
    [InlineData("\u0100")]
    public void Start_ValueThatBreaksARule_IsAMistakeOfTheCaller(string value)
    {
        var pipe = new Pipe();
        Assert.Throws<ArgumentException>(() => BinaryHttpWriter.Start(pipe.Writer, Request with { Headers = [new("a", value)] }));
        Assert.Throws<ArgumentException>(() => BinaryHttpWriter.Start(pipe.Writer, new BinaryHttpResponseHead { Status = 200, Headers = [new("A", "b")] }));
        Assert.Equal(0, pipe.Writer.UnflushedBytes);
    }

    [Fact]
    public void Complete_ContentOfAnotherLength_IsAMistakeOfTheCaller()
    {
        var pipe = new Pipe();
        var writer = BinaryHttpWriter.Start(pipe.Writer, Request with { ContentLength = 2 });
        Assert.Throws<InvalidOperationException>(() => writer.Write("abc"u8));
        writer.Write("a"u8);
        Assert.Throws<InvalidOperationException>(() => writer.Complete());
    }

    // Pairs of digits, and texts in quotes that stand for a length and their bytes.
    private static byte[] Bytes(string text)
    {
        var bytes = new List<byte>();
        foreach (var (index, part) in text.Split('\'').Index())
        {
            if (index % 2 == 1)
            {
                bytes.Add((byte)part.Length);
                bytes.AddRange(Encoding.ASCII.GetBytes(part));
            }
            else
            {
                bytes.AddRange(Convert.FromHexString(part.Replace(" ", "", StringComparison.Ordinal)));
            }
        }

        return [.. bytes];
    }

    private static BinaryHttpReader Reader(byte[] bytes, int pieceLength) => new(SealedExchange.Arriving(bytes, pieceLength));

    private static async Task<byte[]> ReadRequest(byte[] bytes)
    {
        var reader = Reader(bytes, 5);
        await reader.ReadRequestHeadAsync();
        return await SealedExchange.ReadToEndAsync(reader);
    }

    // A consumer that keeps everything until the end, as one does that looks for a delimiter.
    private static async Task<byte[]> ReadKeeping(PipeReader reader)
    {
        while (true)
        {
            var result = await reader.ReadAsync();
            if (result.IsCompleted)
            {
                var content = result.Buffer.ToArray();
                reader.AdvanceTo(result.Buffer.End);
                return content;
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    private static Task<byte[]> Write(BinaryHttpRequestHead head, byte[] content) => WriteContent(pipe => BinaryHttpWriter.Start(pipe, head), content);

    private static Task<byte[]> Write(BinaryHttpResponseHead head, byte[] content) => WriteContent(pipe => BinaryHttpWriter.Start(pipe, head), content);

    private static Task<byte[]> WriteContent(Func<PipeWriter, BinaryHttpWriter> start, byte[] content) => SealedExchange.WriteAsync(async pipe =>
    {
        var writer = start(pipe);
        await writer.WriteAsync(content);
        await writer.CompleteAsync();
    });
}
