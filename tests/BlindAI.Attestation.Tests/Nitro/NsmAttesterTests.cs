using System.Buffers.Binary;
using System.Formats.Cbor;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Nitro;
using BlindAI.Attestation.Tests.Evidence;

namespace BlindAI.Attestation.Tests.Nitro;

public sealed class NsmAttesterTests
{
    private static readonly ReportData Claims = ReportData.ForClaims("claims"u8);

    private static readonly Nonce ClientNonce = Nonce.Parse(new byte[32]);

    private readonly ImpatientTime _time = new();
    private readonly Queue<int> _refusals = [];
    private readonly FakeDevice _device;
    private byte[] _response = Convert.FromHexString("a16b4174746573746174696f6ea168646f63756d656e7443010203");
    private ulong? _statedLength;
    private byte[] _request = [];

    public NsmAttesterTests() => _device = new(Answer);

    [Fact]
    public async Task AttestAsync_Nonce_IsAskedForWithTheReportData()
    {
        var evidence = await AttestAsync(ClientNonce);

        Assert.Equal("nitro-doc", evidence.Type);
        Assert.Equal([1, 2, 3], evidence.Data.ToArray());

        // {"Attestation": {"user_data": h'64 bytes', "nonce": h'32 bytes', "public_key": null}}
        var expected = "a16b4174746573746174696f6ea369757365725f646174615840" + Convert.ToHexStringLower(Claims.Bytes) + "656e6f6e63655820" + new string('0', 64) + "6a7075626c69635f6b6579f6";
        Assert.Equal(expected, Convert.ToHexStringLower(_request));
        Assert.Equal([0xC0200A00u], _device.Requests);
        Assert.Equal((1, 1), (_device.Opened, _device.Closed));
    }

    [Fact]
    public async Task AttestAsync_NoNonce_AsksWithNull()
    {
        await AttestAsync(null);

        Assert.EndsWith("656e6f6e6365f66a7075626c69635f6b6579f6", Convert.ToHexStringLower(_request), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("InvalidArgument", "refused: InvalidArgument")]
    [InlineData("InputTooLarge", "refused: InputTooLarge")]
    [InlineData("something from the host", "refused: an error that this version does not know")]
    public async Task AttestAsync_ModuleRefuses_SaysItsError(string error, string reason)
    {
        var writer = new CborWriter();
        writer.WriteStartMap(1);
        writer.WriteTextString("Error");
        writer.WriteTextString(error);
        writer.WriteEndMap();
        _response = writer.Encode();

        await Unavailable.AssertAsync(reason, () => AttestAsync(ClientNonce));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a0")]
    [InlineData("6b4465736372696265")]
    [InlineData("a16b4174746573746174696f6ea0")]
    [InlineData("a16b4174746573746174696f6ea168646f63756d656e7440")]
    [InlineData("a16b4174746573746174696f6ea168646f63756d656e7443010203ff")]
    [InlineData("a16b4174746573746174696f6ea168646f63756d656e74430102")]
    [InlineData("a16b4174746573746174696f6ea168646f63756d656e7463616263")]
    [InlineData("a16947657452616e646f6da16672616e646f6d43010203")]
    [InlineData("a1654572726f7201")]
    [InlineData("a26b4174746573746174696f6ea168646f63756d656e7443010203654572726f726161")]
    public async Task AttestAsync_OtherAnswer_IsUnavailable(string response)
    {
        _response = Convert.FromHexString(response);

        await Unavailable.AssertAsync("no attestation document", () => AttestAsync(ClientNonce));
    }

    [Fact]
    public async Task AttestAsync_LengthOverTheLimit_IsUnavailable()
    {
        _statedLength = 0x3001;

        await Unavailable.AssertAsync("12289 bytes", () => AttestAsync(ClientNonce));
    }

    [Fact]
    public async Task AttestAsync_Interrupted_AsksAgain()
    {
        _refusals.Enqueue(DeviceFault.Interrupted);

        Assert.Equal(3, (await AttestAsync(ClientNonce)).Data.Length);
        Assert.Single(_time.Waits);
    }

    [Fact]
    public async Task AttestAsync_DriverRefuses_SaysItsError()
    {
        _refusals.Enqueue(90);

        await Unavailable.AssertAsync("/dev/fake failed with error 90", () => AttestAsync(ClientNonce));
        Assert.Equal(1, _device.Closed);
    }

    [Fact]
    public async Task AttestAsync_NoDevice_IsUnavailable() =>
        await Unavailable.AssertAsync("/dev/blindai-absent is not there", async () => await new NsmAttester("/dev/blindai-absent").AttestAsync(Claims, null, CancellationToken.None));

    private async Task<TeeEvidence> AttestAsync(Nonce? nonce) => await new NsmAttester("/dev/fake", _device.Open, _time).AttestAsync(Claims, nonce, TestContext.Current.CancellationToken);

    // struct nsm_raw of include/uapi/linux/nsm.h.
    private int Answer(uint number, Span<byte> argument)
    {
        Assert.Equal(32, argument.Length);
        if (_refusals.TryDequeue(out var error))
        {
            return error;
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(argument[8..]);
        Assert.InRange(length, 1ul, 0x1000ul);
        Assert.Equal(0x3000ul, BinaryPrimitives.ReadUInt64LittleEndian(argument[24..]));
        _request = FakeDevice.ReadMemory(BinaryPrimitives.ReadUInt64LittleEndian(argument), (int)length);
        FakeDevice.WriteMemory(BinaryPrimitives.ReadUInt64LittleEndian(argument[16..]), _response);
        BinaryPrimitives.WriteUInt64LittleEndian(argument[24..], _statedLength ?? (ulong)_response.Length);
        return 0;
    }
}
