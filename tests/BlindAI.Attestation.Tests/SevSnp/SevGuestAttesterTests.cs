using System.Buffers.Binary;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Tests.Evidence;

namespace BlindAI.Attestation.Tests.SevSnp;

public sealed class SevGuestAttesterTests
{
    private const int InputOutput = 5;
    private const int InvalidArgument = 22;

    private static readonly ReportData Claims = ReportData.ForClaims("claims"u8);

    private readonly ImpatientTime _time = new();

    // The driver and the firmware behind it.
    private byte[] _table = [];
    private uint _status;
    private uint _reportLength = 0x4A0;
    private readonly Queue<(int Error, uint Firmware, uint Host)> _refusals = [];
    private readonly FakeDevice _device;

    public SevGuestAttesterTests() => _device = new(Answer);

    [Fact]
    public async Task AttestAsync_HostWithCertificates_AsksOnceForBoth()
    {
        _table = new byte[0x4000];
        _table[0] = 1;
        _table[16] = 48;
        _table[20] = 5;

        var evidence = await AttestAsync();

        Assert.Equal("snp-report", evidence.Type);
        Assert.Equal(0x4A0, evidence.Data.Length);
        Assert.Equal(Claims.Bytes, evidence.Data.Span.Slice(0x50, 64));
        Assert.Equal(_table[..53], Assert.Single(evidence.Endorsements[EndorsementName.CertTable]).ToArray());
        Assert.Equal([0xC0205302u], _device.Requests);
        Assert.Equal((1, 1), (_device.Opened, _device.Closed));
    }

    [Fact]
    public async Task AttestAsync_HostWithoutCertificates_CarriesNone() => Assert.Empty((await AttestAsync()).Endorsements);

    [Fact]
    public async Task AttestAsync_HostWithTooManyCertificates_AsksForTheReportAlone()
    {
        _refusals.Enqueue((InputOutput, 0, 1));

        var evidence = await AttestAsync();

        Assert.Equal(Claims.Bytes, evidence.Data.Span.Slice(0x50, 64));
        Assert.Empty(evidence.Endorsements);
        Assert.Equal([0xC0205302u, 0xC0205300u], _device.Requests);
        Assert.Empty(_time.Waits);
    }

    [Fact]
    public async Task AttestAsync_HostBusy_AsksAgain()
    {
        _refusals.Enqueue((InvalidArgument, 0, 2));
        _refusals.Enqueue((DeviceFault.TryAgain, 0, 0));

        Assert.NotNull(await AttestAsync());
        Assert.Equal(2, _time.Waits.Count);
    }

    [Fact]
    public async Task AttestAsync_HostAlwaysBusy_GivesUp()
    {
        for (var times = 0; times < Patience.MaxAttempts; times++)
        {
            _refusals.Enqueue((InputOutput, 0, 2));
        }

        await Unavailable.AssertAsync("busy", () => AttestAsync());
        Assert.Equal(1, _device.Closed);
    }

    [Fact]
    public async Task AttestAsync_FirmwareRefuses_SaysItsError()
    {
        _refusals.Enqueue((InputOutput, 0x22, 0));

        await Unavailable.AssertAsync("error 0x22", () => AttestAsync());
        Assert.Equal(1, _device.Closed);
    }

    [Fact]
    public async Task AttestAsync_DriverRefuses_SaysItsError()
    {
        _refusals.Enqueue((InvalidArgument, 0, 0));

        await Unavailable.AssertAsync("/dev/fake failed with error 22", () => AttestAsync());
    }

    [Fact]
    public async Task AttestAsync_AnswerWithStatus_IsUnavailable()
    {
        _status = 0x16;

        await Unavailable.AssertAsync("status 0x16", () => AttestAsync());
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(0x49Fu)]
    [InlineData(4001u)]
    [InlineData(uint.MaxValue)]
    public async Task AttestAsync_ReportOfAnotherLength_IsUnavailable(uint length)
    {
        _reportLength = length;

        await Unavailable.AssertAsync($"report of {length} bytes", () => AttestAsync());
    }

    [Fact]
    public async Task AttestAsync_NoDevice_IsUnavailable() =>
        await Unavailable.AssertAsync("/dev/blindai-absent is not there", async () => await new SevGuestAttester("/dev/blindai-absent").AttestAsync(Claims, null, CancellationToken.None));

    private async Task<TeeEvidence> AttestAsync() => await new SevGuestAttester("/dev/fake", _device.Open, _time).AttestAsync(Claims, null, TestContext.Current.CancellationToken);

    // Offsets from include/uapi/linux/sev-guest.h, written anew so that a wrong one is not right twice.
    private int Answer(uint request, Span<byte> argument)
    {
        Assert.Equal(32, argument.Length);
        Assert.Equal(1, argument[0]);
        Assert.False(argument[1..8].ContainsAnyExcept((byte)0));
        Assert.False(argument[24..].ContainsAnyExcept((byte)0));
        if (_refusals.TryDequeue(out var refusal))
        {
            BinaryPrimitives.WriteUInt32LittleEndian(argument[24..], refusal.Firmware);
            BinaryPrimitives.WriteUInt32LittleEndian(argument[28..], refusal.Host);
            return refusal.Error;
        }

        var isExtended = request == 0xC0205302;
        Assert.True(isExtended || request == 0xC0205300);
        var asked = FakeDevice.ReadMemory(BinaryPrimitives.ReadUInt64LittleEndian(argument[8..]), isExtended ? 112 : 96);
        Assert.False(asked.AsSpan(64, 32).ContainsAnyExcept((byte)0));
        if (isExtended)
        {
            Assert.Equal(0x4000u, BinaryPrimitives.ReadUInt32LittleEndian(asked.AsSpan(104)));
            FakeDevice.WriteMemory(BinaryPrimitives.ReadUInt64LittleEndian(asked.AsSpan(96)), _table);
        }

        var response = new byte[4000];
        BinaryPrimitives.WriteUInt32LittleEndian(response, _status);
        BinaryPrimitives.WriteUInt32LittleEndian(response.AsSpan(4), _reportLength);
        asked.AsSpan(0, 64).CopyTo(response.AsSpan(0x20 + 0x50));
        FakeDevice.WriteMemory(BinaryPrimitives.ReadUInt64LittleEndian(argument[16..]), response);
        return 0;
    }
}
