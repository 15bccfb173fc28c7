using System.Buffers.Binary;
using System.Security.Cryptography;
using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.Tests.Evidence;

namespace BlindAI.Attestation.Tests.AzureVtpm;

/// <summary>What a TPM may answer that a good one does not: scripted, byte by byte.</summary>
public sealed class TpmDeviceTests
{
    private const string NoIndex = "8001" + "0000000a" + "0000018b";

    private readonly ImpatientTime _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReadNvAsync_NoSuchIndex_IsNull() => Assert.Null(await ReadAsync(NoIndex));

    [Fact]
    public async Task ReadNvAsync_BusyTpm_IsAskedAgain()
    {
        Assert.Null(await ReadAsync("8001" + "0000000a" + "00000922", "8001" + "0000000a" + "0000090a", NoIndex));
        Assert.Equal(2, _time.Waits.Count);
    }

    [Fact]
    public async Task ReadNvAsync_AnswerInPieces_IsReadToItsEnd() =>
        Assert.Equal([7, 8], await new TpmDevice(new ScriptedTpm(pieces: 1, Public(attributes: "00020000", length: "0002"), Content("0708")), _time).ReadNvAsync(0x01400001, Token));

    [Theory]
    [InlineData("8001" + "0000000a" + "00000101", "command 0x169 with code 0x101")]
    [InlineData("8001" + "0000000b" + "00000000", "another form")]
    [InlineData("8001" + "00000009" + "00000000", "another form")]
    [InlineData("8001" + "ffffffff" + "00000000", "another form")]
    [InlineData("8001" + "0000000a" + "00000000", "another form")]
    [InlineData("8002" + "0000000a" + "00000000", "another form")]
    [InlineData("", "another form")]
    public async Task ReadNvAsync_BadAnswer_IsUnavailable(string answer, string reason) => await Unavailable.AssertAsync(reason, () => ReadAsync(answer));

    [Theory]
    [InlineData("00000000", "0002", "may not be read")]
    [InlineData("00020000", "0000", "has 0 bytes")]
    [InlineData("00020000", "4001", "has 16385 bytes")]
    public async Task ReadNvAsync_IndexOfAnotherKind_IsUnavailable(string attributes, string length, string reason) =>
        await Unavailable.AssertAsync(reason, () => ReadAsync(Public(attributes, length)));

    [Theory]
    [InlineData("07")]
    [InlineData("070809")]
    public async Task ReadNvAsync_OtherCountThanAsked_IsUnavailable(string content) =>
        await Unavailable.AssertAsync("another form", () => ReadAsync(Public("00020000", "0002"), Content(content)));

    [Theory]
    [InlineData("8002" + "00000018" + "00000000" + "00000004" + "00020708" + "0001" + "aa" + "01" + "0000")]
    [InlineData("8002" + "00000018" + "00000000" + "ffffffff" + "00020708" + "0000" + "00" + "0000" + "00")]
    [InlineData("8002" + "00000013" + "00000000" + "00000004" + "00020708" + "00")]
    [InlineData("8001" + "00000017" + "00000000" + "00000004" + "00020708" + "0000" + "01" + "0000")]
    public async Task ReadNvAsync_BrokenSession_IsUnavailable(string answer) => await Unavailable.AssertAsync("another form", () => ReadAsync(Public("00020000", "0002"), answer));

    [Fact]
    public async Task QuoteAsync_RegisterExtendedInBetween_ReadsAgain()
    {
        var before = new byte[24 * 32];
        var after = new byte[24 * 32];
        after[0] = 1;

        var quote = await QuoteAsync([.. Registers(before), QuoteOf(after), .. Registers(after), QuoteOf(after)]);

        Assert.Equal(after, quote.Registers.SelectMany(register => register));
        Assert.Equal([9, 9], quote.Signature);
    }

    [Fact]
    public async Task QuoteAsync_RegistersThatNeverFit_IsUnavailable()
    {
        var script = Enumerable.Range(0, 5).SelectMany(_ => Registers(new byte[24 * 32]).Append(QuoteOf([1])));

        await Unavailable.AssertAsync("changed 5 times", () => QuoteAsync([.. script]));
    }

    [Theory]
    [InlineData("0b03000000", 0)]
    [InlineData("0403ff0000", 8)]
    [InlineData("0b02ff0000", 8)]
    [InlineData("0b03ff0000", 7)]
    [InlineData("0b03ff0000", 9)]
    public async Task QuoteAsync_OtherRegistersThanAsked_IsUnavailable(string selection, int count) =>
        await Assert.ThrowsAsync<AttestationException>(() => QuoteAsync([Answer("8001", "00000001" + "00000001" + "00" + selection + count.ToString("x8", null) + string.Concat(Enumerable.Repeat("0020" + new string('0', 64), count)))]));

    [Theory]
    [InlineData("0000" + "0014" + "000b" + "0000")]
    [InlineData("000101" + "0016" + "000b" + "0000")]
    [InlineData("000101" + "0014" + "0004" + "0000")]
    [InlineData("000101" + "0014" + "000b" + "0000" + "00")]
    [InlineData("000101" + "0014" + "000b" + "0001")]
    public async Task QuoteAsync_OtherSignature_IsUnavailable(string parameters) =>
        await Unavailable.AssertAsync("another form", () => QuoteAsync([.. Registers(new byte[24 * 32]), InSession(parameters)]));

    private static string Answer(string tag, string rest) => tag + ((rest.Length / 2) + 10).ToString("x8", null) + "00000000" + rest;

    private static string InSession(string parameters) => Answer("8002", (parameters.Length / 2).ToString("x8", null) + parameters + "0000" + "01" + "0000");

    private static string Content(string content) => InSession((content.Length / 2).ToString("x4", null) + content);

    private static string Public(string attributes, string length) => Answer("8001", "000e" + "01400001" + "000b" + attributes + "0000" + length + "0000");

    private static IEnumerable<string> Registers(byte[] values) => new[] { "ff0000", "00ff00", "0000ff" }.Select((selection, part) =>
        Answer("8001", "00000001" + "00000001" + "000b03" + selection + "00000008" + string.Concat(values.Skip(part * 256).Take(256).Chunk(32).Select(value => "0020" + Convert.ToHexString(value)))));

    private static string QuoteOf(byte[] registers) => InSession("0022" + "0020" + Convert.ToHexString(SHA256.HashData(registers)) + "0014" + "000b" + "0002" + "0909");

    private async Task<byte[]?> ReadAsync(params string[] answers) => await new TpmDevice(new ScriptedTpm(int.MaxValue, answers), _time).ReadNvAsync(0x01400001, Token);

    private async Task<TpmSignedQuote> QuoteAsync(string[] answers) => await new TpmDevice(new ScriptedTpm(int.MaxValue, answers), _time).QuoteAsync(0x81000003, new byte[32], Token);

    private sealed class ScriptedTpm(int pieces, params string[] answers) : Stream
    {
        private readonly Queue<string> _answers = new(answers);

        private byte[] _left = [];

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count)
        {
            Assert.Empty(_left);
            Assert.Equal(count, BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(offset + 2)));
            _left = Convert.FromHexString(_answers.Dequeue());
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var part = _left[..Math.Min(Math.Min(pieces, count), _left.Length)];
            part.CopyTo(buffer, offset);
            _left = _left[part.Length..];
            return part.Length;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
