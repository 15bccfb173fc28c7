using System.Text;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Sgx;
using BlindAI.Attestation.Tests.Evidence;

namespace BlindAI.Attestation.Tests.Sgx;

public sealed class GramineAttesterTests : IDisposable
{
    private static readonly ReportData Claims = ReportData.ForClaims("claims"u8);

    private readonly string _folder = Directory.CreateTempSubdirectory("blindai-gramine-tests-").FullName;

    public GramineAttesterTests()
    {
        Write("attestation_type", "dcap"u8);
        Write("user_report_data", new byte[64]);
        Write("quote", "a quote"u8);
    }

    [Fact]
    public async Task AttestAsync_Dcap_WritesTheReportDataAndReadsTheQuote()
    {
        var evidence = await AttestAsync();

        Assert.Equal("sgx-quote", evidence.Type);
        Assert.Equal("a quote"u8, evidence.Data.Span);
        Assert.Empty(evidence.Endorsements);
        Assert.Equal(Claims.Bytes, File.ReadAllBytes(Path.Combine(_folder, "user_report_data")));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("epid")]
    [InlineData("")]
    public async Task AttestAsync_OtherAttestation_SaysWhatTheManifestNeeds(string type)
    {
        File.WriteAllText(Path.Combine(_folder, "attestation_type"), type);

        await Unavailable.AssertAsync("sgx.remote_attestation", () => AttestAsync());
        Assert.DoesNotContain(File.ReadAllBytes(Path.Combine(_folder, "user_report_data")), value => value != 0);
    }

    [Fact]
    public async Task AttestAsync_EmptyQuote_IsUnavailable()
    {
        Write("quote", []);

        await Unavailable.AssertAsync("empty quote", () => AttestAsync());
    }

    [Fact]
    public async Task AttestAsync_HugeQuote_IsUnavailable()
    {
        Write("quote", new byte[(64 * 1024) + 1]);

        await Unavailable.AssertAsync("more than 65536 bytes", () => AttestAsync());
    }

    [Theory]
    [InlineData("attestation_type")]
    [InlineData("user_report_data")]
    [InlineData("quote")]
    public async Task AttestAsync_FileMissing_IsUnavailable(string file)
    {
        File.Delete(Path.Combine(_folder, file));

        await Unavailable.AssertAsync("is not there", () => AttestAsync());
        Assert.False(File.Exists(Path.Combine(_folder, file)));
    }

    [Fact]
    public async Task AttestAsync_Concurrently_GoesOneByOne()
    {
        // A pipe in the place of the quote holds the first request inside its turn: a second one must not write its report data meanwhile.
        var pipe = Path.Combine(_folder, "quote");
        File.Delete(pipe);
        Assert.SkipUnless(File.Exists("/usr/bin/mkfifo"), "mkfifo is missing (Debian: coreutils).");
        using (var mkfifo = System.Diagnostics.Process.Start("/usr/bin/mkfifo", pipe))
        {
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        var written = Path.Combine(_folder, "user_report_data");
        var first = Task.Run(() => AttestAsync(ReportData.ForClaims("first"u8)));
        while (!File.ReadAllBytes(written).AsSpan().SequenceEqual(ReportData.ForClaims("first"u8).Bytes))
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        var second = AttestAsync(ReportData.ForClaims("second"u8));
        Assert.False(second.IsCompleted);
        Assert.Equal(ReportData.ForClaims("first"u8).Bytes, File.ReadAllBytes(written));

        await File.WriteAllTextAsync(pipe, "quote 1", TestContext.Current.CancellationToken);
        Assert.Equal("quote 1", Encoding.ASCII.GetString((await first).Data.Span));
        var writer = File.WriteAllTextAsync(pipe, "quote 2", TestContext.Current.CancellationToken);
        Assert.Equal("quote 2", Encoding.ASCII.GetString((await second).Data.Span));
        await writer;
        Assert.Equal(ReportData.ForClaims("second"u8).Bytes, File.ReadAllBytes(written));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(string file, ReadOnlySpan<byte> content) => File.WriteAllBytes(Path.Combine(_folder, file), content);

    private async Task<TeeEvidence> AttestAsync(ReportData? reportData = null) => await new GramineAttester(_folder).AttestAsync(reportData ?? Claims, null, TestContext.Current.CancellationToken);
}
