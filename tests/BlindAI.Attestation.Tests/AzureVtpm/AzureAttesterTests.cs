using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Tests.Evidence;

namespace BlindAI.Attestation.Tests.AzureVtpm;

/// <summary>The attester with a real TPM in software, set up as Azure's is.</summary>
public sealed class AzureAttesterTests : IDisposable
{
    private const uint HclReport = 0x01400001;

    private const uint Key = 0x81000003;

    private static readonly ReportData Claims = ReportData.ForClaims("claims"u8);

    private readonly SoftwareTpm _tpm = new();

    private readonly FakeImds _imds = new() { Answer = FakeImds.CertificatesAnswer("VCEK", "ASK", "ARK") };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AttestAsync_AzureMachine_QuotesTheReportDataUnderItsKey()
    {
        var report = Report(type: 2);
        using var key = Provision(report);

        var evidence = await Attester().AttestAsync(Claims, Nonce.Create(), Token);

        Assert.Equal("tpm-quote", evidence.Type);
        var message = evidence.Data.ToArray();
        Assert.True(key.VerifyData(message, Only(evidence, EndorsementName.TpmQuoteSignature), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

        // TPMS_ATTEST: magic, ATTEST_QUOTE, qualifiedSigner, extraData, clockInfo 17, firmwareVersion 8, selection, digest.
        Assert.Equal("ff5443478018", Convert.ToHexStringLower(message[..6]));
        var signer = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(6));
        var extraData = message.AsSpan(8 + signer);
        Assert.Equal([0, 32, .. SHA256.HashData(Claims.Bytes)], extraData[..34].ToArray());
        Assert.Equal("00000001000b03ffffff0020", Convert.ToHexStringLower(extraData[(34 + 25)..(34 + 25 + 12)]));
        var registers = JsonSerializer.Deserialize<string[]>(Only(evidence, EndorsementName.Pcrs))!;
        Assert.Equal(24, registers.Length);
        Assert.Equal(SHA256.HashData(Convert.FromHexString(string.Concat(registers))), message[^32..]);
        Assert.Equal(SHA256.HashData([.. new byte[32], .. SHA256.HashData("boot"u8)]), Convert.FromHexString(registers[4]));
        Assert.Equal(report, Only(evidence, EndorsementName.HclReport));
        Assert.Equal(6, evidence.Endorsements.Count);
    }

    [Fact]
    public async Task AttestAsync_Twice_AsksTheHostOnce()
    {
        using var key = Provision(Report(type: 2));
        var attester = Attester();

        await attester.AttestAsync(Claims, null, Token);
        var second = await attester.AttestAsync(Claims, null, Token);

        Assert.Single(_imds.Requests);
        Assert.Contains(EndorsementName.Leaf, second.Endorsements.Keys);
    }

    [Fact]
    public async Task AttestAsync_TdxMachine_CarriesTheQuoteOfItsTdReport()
    {
        var report = Report(type: 4);
        using var key = Provision(report);
        _imds.Answer = """{"quote":"AQID"}""";

        var evidence = await Attester().AttestAsync(Claims, null, Token);

        Assert.Equal([1, 2, 3], Only(evidence, EndorsementName.Quote));
        Assert.Equal($$"""{"report":"{{StrictBase64Url.Encode(report.AsSpan(32, 1024))}}"}""", Assert.Single(_imds.Requests).Body);
    }

    [Fact]
    public async Task AttestAsync_UnknownHardware_IsUnavailable()
    {
        using var key = Provision(Report(type: 5));

        await Unavailable.AssertAsync("type 5", async () => await Attester().AttestAsync(Claims, null, Token));
    }

    [Fact]
    public async Task AttestAsync_ShortReport_IsUnavailable()
    {
        using var key = Provision(new byte[1227]);

        await Unavailable.AssertAsync("only 1227 bytes", async () => await Attester().AttestAsync(Claims, null, Token));
    }

    [Fact]
    public async Task AttestAsync_TpmOfAnotherMachine_IsUnavailable() =>
        await Unavailable.AssertAsync("no HCL report", async () => await Attester().AttestAsync(Claims, null, Token));

    [Fact]
    public async Task AttestAsync_NoKey_SaysTheTpmsCode()
    {
        using (var stream = _tpm.Connect())
        {
            TpmProvisioning.WriteIndex(stream, HclReport, Report(type: 2));
        }

        await Unavailable.AssertAsync("command 0x158 with code 0x", async () => await Attester().AttestAsync(Claims, null, Token));
    }

    [Fact]
    public async Task HasHclReportAsync_NoDevice_IsUnavailable() =>
        await Unavailable.AssertAsync("is not there", async () => await AzureAttester.HasHclReportAsync("/dev/blindai-absent", Token));

    public void Dispose() => _tpm.Dispose();

    private static byte[] Only(TeeEvidence evidence, string name) => Assert.Single(evidence.Endorsements[name]).ToArray();

    // Read in four pieces, the last a smaller one. Azure's has 2600 bytes, and swtpm takes no index of more than 2048.
    private static byte[] Report(byte type)
    {
        var report = new byte[2000];
        for (var at = 0; at < report.Length; at++)
        {
            report[at] = (byte)(at * 7);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(report.AsSpan(1224), type);
        return report;
    }

    private RSA Provision(byte[] report)
    {
        using var stream = _tpm.Connect();
        TpmProvisioning.Extend(stream, 4, "boot"u8);
        TpmProvisioning.WriteIndex(stream, HclReport, report);
        return TpmProvisioning.MakeAttestationKey(stream, Key);
    }

    private AzureAttester Attester() => new("/dev/fake", () => new TpmDevice(_tpm.Connect(), TimeProvider.System), _imds.Service);
}
