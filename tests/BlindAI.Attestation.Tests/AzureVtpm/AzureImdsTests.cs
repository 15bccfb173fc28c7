using System.Net;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Tests.Evidence;

namespace BlindAI.Attestation.Tests.AzureVtpm;

public sealed class AzureImdsTests
{
    private readonly FakeImds _imds = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FetchCertificatesAsync_Thim_GivesTheThreeCertificates()
    {
        _imds.Answer = FakeImds.CertificatesAnswer("VCEK", "ASK", "ARK");

        var certificates = await _imds.Service.FetchCertificatesAsync(Token);

        Assert.Equal([EndorsementName.Ark, EndorsementName.Ask, EndorsementName.Leaf], certificates.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(3, certificates.Values.Select(value => Convert.ToHexString(value.Span)).Distinct().Count());
        Assert.Equal(("GET", "http://169.254.169.254/metadata/THIM/amd/certification", "true", ""), Assert.Single(_imds.Requests));
    }

    [Theory]
    [InlineData("""{"quote":"AQID"}""")]
    [InlineData("""{"quote":"AQIDBA=="}""")]
    public async Task FetchQuoteAsync_TdQuote_SendsTheReport(string answer)
    {
        _imds.Answer = answer;

        Assert.Equal([1, 2, 3], (await _imds.Service.FetchQuoteAsync(new byte[] { 0xFB, 0xFF }, Token))[..3]);
        Assert.Equal(("POST", "http://169.254.169.254/acc/tdquote", "true", """{"report":"-_8"}"""), Assert.Single(_imds.Requests));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"quote":null}""")]
    [InlineData("""{"quote":1}""")]
    [InlineData("""{"quote":""}""")]
    [InlineData("""{"quote":"+/"}""")]
    public async Task FetchQuoteAsync_OtherAnswer_IsUnavailable(string answer)
    {
        _imds.Answer = answer;

        await Unavailable.AssertAsync("another answer", async () => await _imds.Service.FetchQuoteAsync(new byte[1], Token));
    }

    [Fact]
    public async Task FetchCertificatesAsync_ChainOfOne_IsUnavailable()
    {
        _imds.Answer = FakeImds.CertificatesAnswer("VCEK", "ARK");

        await Unavailable.AssertAsync("another answer", async () => await _imds.Service.FetchCertificatesAsync(Token));
    }

    [Theory]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.Redirect)]
    public async Task FetchQuoteAsync_OtherStatus_IsUnavailable(HttpStatusCode status)
    {
        _imds.Status = status;

        await Unavailable.AssertAsync($"answered {(int)status}", async () => await _imds.Service.FetchQuoteAsync(new byte[1], Token));
    }

    [Fact]
    public async Task FetchQuoteAsync_HugeAnswer_IsUnavailable()
    {
        _imds.Answer = new string(' ', (64 * 1024) + 1);

        await Unavailable.AssertAsync("more than 65536 bytes", async () => await _imds.Service.FetchQuoteAsync(new byte[1], Token));
    }

    [Fact]
    public async Task FetchQuoteAsync_NoService_IsUnavailable()
    {
        _imds.Fault = new HttpRequestException("refused");

        await Unavailable.AssertAsync("cannot be reached", async () => await _imds.Service.FetchQuoteAsync(new byte[1], Token));
    }

    [Fact]
    public async Task FetchQuoteAsync_SilentService_IsUnavailable() =>
        await Unavailable.AssertAsync("no answer in 5 s", async () => await FakeImds.Silent.FetchQuoteAsync(new byte[1], Token));
}
