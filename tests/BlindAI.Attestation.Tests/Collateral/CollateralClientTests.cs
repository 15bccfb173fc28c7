using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Evidence;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Collateral;

/// <summary>Real requests over loopback: what is asked, kept, tried again and refused.</summary>
public sealed class CollateralClientTests : IDisposable
{
    private static readonly DateTimeOffset Now = ForgedEnclave.Now;

    private static readonly byte[] Info = Encoding.UTF8.GetBytes($$"""{"tcbInfo":{"nextUpdate":"{{Now.AddDays(30):yyyy-MM-dd'T'HH:mm:ss'Z'}}"},"signature":"00"}""");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("blindai-collateral-");

    private readonly RecordingClock _clock = new(Now);

    private readonly HttpMessageInvoker _http = new(CollateralClient.CreateHandler());

    public void Dispose()
    {
        _http.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Complete_UrlEncodedChainInTheHeader_IsDecoded()
    {
        await using var vendor = new LoopbackVendor(_ => VendorAnswer.Ok(Info, ("SGX-TCB-Info-Issuer-Chain", "-----BEGIN%20CERTIFICATE-----%0AMA+%2B%0A")));

        var completed = await CompleteAsync(vendor);

        Assert.Equal(Info, completed.Endorsements["tcb_info"].Single());
        Assert.Equal("-----BEGIN CERTIFICATE-----\nMA++\n"u8.ToArray(), completed.Endorsements["tcb_info_issuer_chain"].Single());
    }

    [Fact]
    public async Task Complete_HexadecimalList_IsTaken()
    {
        var list = Convert.ToHexString(MakeList(Now.AddDays(30)));
        await using var vendor = new LoopbackVendor(_ => VendorAnswer.Ok(Encoding.ASCII.GetBytes(list)));

        var completed = await CompleteAsync(vendor, ListRequest(vendor));

        Assert.Equal(Encoding.ASCII.GetBytes(list), completed.Endorsements["root_ca_crl"].Single());
    }

    [Fact]
    public async Task Complete_FetchedAndSentAlong_FetchedCounts()
    {
        await using var vendor = new LoopbackVendor(_ => Answer());
        var sent = new TeeEvidence("sgx-quote", default).With(Named("tcb_info", [1])).With(Named("pck_chain", [2]));

        var completed = await Client().CompleteAsync(sent, [InfoRequest(vendor)], TestContext.Current.CancellationToken);

        Assert.Equal(Info, completed.Endorsements["tcb_info"].Single());
        Assert.Equal([2], completed.Endorsements["pck_chain"].Single().ToArray());
    }

    [Fact]
    public async Task Complete_KeptAnswer_IsNotAskedForAgain()
    {
        await using var vendor = new LoopbackVendor(_ => Answer());

        var first = await CompleteAsync(vendor);
        var second = await CompleteAsync(vendor);

        Assert.Single(vendor.Requests);
        Assert.Equal(first.Endorsements["tcb_info_issuer_chain"].Single(), second.Endorsements["tcb_info_issuer_chain"].Single());
        Assert.Equal(Info, second.Endorsements["tcb_info"].Single());
    }

    [Theory]
    [InlineData(23.9, 1)]
    [InlineData(24, 2)]
    [InlineData(-0.1, 2)]
    public async Task Complete_KeptAnswerOverItsAge_IsAskedForAgain(double hoursLater, int requests)
    {
        await using var vendor = new LoopbackVendor(_ => Answer());

        await CompleteAsync(vendor);
        _clock.Now = Now.AddHours(hoursLater);
        await CompleteAsync(vendor);

        Assert.Equal(requests, vendor.Requests.Count);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    public async Task Complete_ContentThatEndsBeforeItsAge_IsAskedForAgain(double hoursLater, int requests)
    {
        var list = MakeList(Now.AddHours(2));
        await using var vendor = new LoopbackVendor(_ => VendorAnswer.Ok(list));

        await CompleteAsync(vendor, ListRequest(vendor));
        _clock.Now = Now.AddHours(hoursLater);
        await CompleteAsync(vendor, ListRequest(vendor));

        Assert.Equal(requests, vendor.Requests.Count);
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("bit")]
    [InlineData("empty")]
    [InlineData("version")]
    [InlineData("url")]
    [InlineData("type")]
    public async Task Complete_DamagedEntry_IsAMiss(string damage)
    {
        await using var vendor = new LoopbackVendor(_ => Answer());
        await CompleteAsync(vendor);
        var file = _folder.GetFiles().Single().FullName;
        var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(file, damage switch
        {
            "truncated" => text[..^10],
            "bit" => text.Replace("\"body\":\"e", "\"body\":\"f", StringComparison.Ordinal),
            "version" => text.Replace("\"version\":1", "\"version\":2", StringComparison.Ordinal),
            "url" => text.Replace("http://", "https://", StringComparison.Ordinal),
            "type" => "[]",
            _ => "",
        }, TestContext.Current.CancellationToken);

        await CompleteAsync(vendor);

        Assert.Equal(2, vendor.Requests.Count);
        await CompleteAsync(vendor);
        Assert.Equal(2, vendor.Requests.Count);
    }

    [Fact]
    public async Task Complete_FolderThatCannotBeWritten_CostsARequestOnly()
    {
        await using var vendor = new LoopbackVendor(_ => Answer());
        var options = Options() with { Cache = new(Path.Combine(_folder.FullName, "gone")) };
        Directory.Delete(Path.Combine(_folder.FullName, "gone"));

        var completed = await new CollateralClient(_http, options).CompleteAsync(new("sgx-quote", default), [InfoRequest(vendor)], TestContext.Current.CancellationToken);

        Assert.Equal(Info, completed.Endorsements["tcb_info"].Single());
    }

    [Fact]
    public void Keep_MoreThanTheMost_MakesRoom()
    {
        var cache = new CollateralCache(_folder.FullName);
        for (var index = 0; index < CollateralCache.MaxEntries + 10; index++)
        {
            cache.Keep(new($"https://vendor.example/{index}"), new(new byte[16], null), Now, Now.AddDays(1));
        }

        Assert.Equal(CollateralCache.MaxEntries, _folder.GetFiles().Length);
        Assert.NotNull(cache.Find(new($"https://vendor.example/{CollateralCache.MaxEntries + 9}"), TimeSpan.FromHours(24), Now));
    }

    [Fact]
    public void Find_EntryThatSaysItLivesLongerThanItMay_IsAMiss()
    {
        var cache = new CollateralCache(_folder.FullName);
        var url = new Uri("https://vendor.example/1");
        cache.Keep(url, new(new byte[16], null), Now, Now.AddYears(100));

        Assert.NotNull(cache.Find(url, TimeSpan.FromHours(24), Now.AddHours(23)));
        Assert.Null(cache.Find(url, TimeSpan.FromHours(24), Now.AddHours(25)));
    }

    [Fact]
    public void Keep_TooManyBytes_MakesRoom()
    {
        var cache = new CollateralCache(_folder.FullName);
        for (var index = 0; index < 60; index++)
        {
            cache.Keep(new($"https://vendor.example/{index}"), new(new byte[CollateralTransport.MaxBodyLength], null), Now, Now.AddDays(1));
        }

        Assert.InRange(_folder.GetFiles().Sum(file => file.Length), 1, CollateralCache.MaxTotalBytes);
    }

    [Fact]
    public void Keep_ForeignFiles_AreLeftAlone()
    {
        var foreign = Path.Combine(_folder.FullName, "notes.txt");
        File.WriteAllText(foreign, "mine");
        var cache = new CollateralCache(_folder.FullName);
        for (var index = 0; index < CollateralCache.MaxEntries + 10; index++)
        {
            cache.Keep(new($"https://vendor.example/{index}"), new(new byte[16], null), Now, Now.AddDays(1));
        }

        Assert.True(File.Exists(foreign));
    }

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task Complete_FailureThatPasses_IsTriedAgain(int status)
    {
        var count = 0;
        await using var vendor = new LoopbackVendor(_ => ++count < 3 ? new(status, default) : Answer());

        var completed = await CompleteAsync(vendor);

        Assert.Equal(Info, completed.Endorsements["tcb_info"].Single());
        Assert.Equal(3, vendor.Requests.Count);
        var waits = _clock.Waits.ToArray();
        Assert.InRange(waits[0], TimeSpan.FromSeconds(0.25), TimeSpan.FromSeconds(0.5));
        Assert.InRange(waits[1], TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Complete_FailureThatStays_EndsAfterThreeAttempts()
    {
        await using var vendor = new LoopbackVendor(_ => new(503, default));

        await AssertMissingAsync(CompleteAsync(vendor));

        Assert.Equal(3, vendor.Requests.Count);
    }

    [Theory]
    [InlineData("7", 7)]
    [InlineData("30", 30)]
    [InlineData("Thu, 01 Jan 2026 00:00:20 GMT", 20)]
    public async Task Complete_RetryAfter_IsHonoured(string header, int seconds)
    {
        var count = 0;
        await using var vendor = new LoopbackVendor(_ => ++count < 2 ? new(429, default, ("Retry-After", header)) : Answer());

        await CompleteAsync(vendor);

        Assert.Equal([TimeSpan.FromSeconds(seconds)], _clock.Waits);
    }

    [Fact]
    public async Task Complete_RetryAfterTooLong_EndsAtOnce()
    {
        await using var vendor = new LoopbackVendor(_ => new(429, default, ("Retry-After", "31")));

        var refusal = await AssertMissingAsync(CompleteAsync(vendor));

        Assert.Contains("31 s", refusal.Hint, StringComparison.Ordinal);
        Assert.Single(vendor.Requests);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    public async Task Complete_Redirect_IsNotFollowed(int status)
    {
        await using var elsewhere = new LoopbackVendor(_ => Answer());
        await using var vendor = new LoopbackVendor(_ => new(status, default, ("Location", elsewhere.Url.AbsoluteUri)));

        await AssertMissingAsync(CompleteAsync(vendor));

        Assert.Single(vendor.Requests);
        Assert.Empty(elsewhere.Requests);
    }

    [Fact]
    public async Task Complete_RedirectFollowedByACallersHandler_IsNotTaken()
    {
        await using var elsewhere = new LoopbackVendor(_ => Answer());
        await using var vendor = new LoopbackVendor(_ => new(302, default, ("Location", elsewhere.Url.AbsoluteUri)));
        using var following = new HttpClient();

        await AssertMissingAsync(new CollateralClient(following, Options()).CompleteAsync(new("sgx-quote", default), [InfoRequest(vendor)], TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Complete_BodyOverTheLimit_IsRefused(bool statesLength)
    {
        await using var vendor = new LoopbackVendor(_ => Answer() with { Body = Padded(CollateralTransport.MaxBodyLength + 1), StatesLength = statesLength });

        await AssertMissingAsync(CompleteAsync(vendor));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Complete_BodyAtTheLimit_IsTaken(bool statesLength)
    {
        var body = Padded(CollateralTransport.MaxBodyLength);
        await using var vendor = new LoopbackVendor(_ => Answer() with { Body = body, StatesLength = statesLength });

        Assert.Equal(body, (await CompleteAsync(vendor)).Endorsements["tcb_info"].Single());
    }

    [Fact]
    public async Task Complete_NotFound_IsMissingAtOnce()
    {
        await using var vendor = new LoopbackVendor(_ => VendorAnswer.NotFound);

        await AssertMissingAsync(CompleteAsync(vendor));

        Assert.Single(vendor.Requests);
    }

    [Fact]
    public async Task Complete_WithoutTheChainHeader_IsMissing()
    {
        await using var vendor = new LoopbackVendor(_ => VendorAnswer.Ok(Info));

        await AssertMissingAsync(CompleteAsync(vendor));
    }

    [Theory]
    [InlineData("<html>sign in</html>")]
    [InlineData("{}")]
    [InlineData("""{"tcbInfo":{}}""")]
    [InlineData("""{"tcbInfo":{"nextUpdate":"soon"}}""")]
    [InlineData("")]
    public async Task Complete_SomethingElse_IsMissingAndNotKept(string body)
    {
        await using var vendor = new LoopbackVendor(_ => Answer() with { Body = Encoding.UTF8.GetBytes(body) });

        await AssertMissingAsync(CompleteAsync(vendor));

        Assert.Empty(_folder.GetFiles());
    }

    [Fact]
    public async Task Complete_NobodyThere_IsMissing()
    {
        Uri url;
        await using (var vendor = new LoopbackVendor(_ => Answer()))
        {
            url = vendor.Url;
        }

        await AssertMissingAsync(Client().CompleteAsync(new("sgx-quote", default), [InfoRequest(url)], TestContext.Current.CancellationToken));

        Assert.Equal(2, _clock.Waits.Count);
    }

    [Fact]
    public async Task Complete_NoAnswerInTime_IsMissing()
    {
        using var open = new ManualResetEventSlim();
        await using var vendor = new LoopbackVendor(_ =>
        {
            open.Wait(TestContext.Current.CancellationToken);
            return Answer();
        });

        // Shorter than the clock's patience, so that it passes at once.
        var client = new CollateralClient(_http, Options() with { Timeout = TimeSpan.FromSeconds(1) });
        await AssertMissingAsync(client.CompleteAsync(new("sgx-quote", default), [InfoRequest(vendor)], TestContext.Current.CancellationToken));
        open.Set();
    }

    [Fact]
    public async Task Complete_Cancelled_IsNoRefusal()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await using var vendor = new LoopbackVendor(_ => Answer());

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Client().CompleteAsync(new("sgx-quote", default), [InfoRequest(vendor)], cancelled.Token));
    }

    [Theory]
    [InlineData("nitro-doc")]
    [InlineData("sim")]
    [InlineData("new-kind")]
    public async Task Complete_EvidenceThatCarriesAllItNeeds_IsReturnedAsItIs(string type)
    {
        var completed = await Client().CompleteAsync(new(type, default), TestContext.Current.CancellationToken);

        Assert.Empty(completed.Endorsements);
    }

    [Theory]
    [InlineData("http://vendor.example")]
    [InlineData("ftp://127.0.0.1")]
    [InlineData("https://user@vendor.example")]
    [InlineData("https://vendor.example/?a=b")]
    [InlineData("/relative")]
    public void Options_AddressThatIsNotHttps_IsRefused(string url)
    {
        var address = new Uri(url, UriKind.RelativeOrAbsolute);

        Assert.Throws<ArgumentException>(() => new CollateralOptions { IntelUrl = address });
        Assert.Throws<ArgumentException>(() => new CollateralOptions { AmdUrl = address });
        Assert.Throws<ArgumentException>(() => new CollateralOptions { IntelRootCrlUrl = address });
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(301)]
    public void Options_TimeOutOfRange_IsRefused(double seconds) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new CollateralOptions { Timeout = TimeSpan.FromSeconds(seconds) });

    // Well-formed whatever its length, so that the length alone is what can be refused.
    private static byte[] Padded(int length) => [.. Info, .. Encoding.ASCII.GetBytes(new string(' ', length - Info.Length))];

    private static VendorAnswer Answer() => VendorAnswer.Ok(Info, ("TCB-Info-Issuer-Chain", "chain"));

    private static CollateralRequest InfoRequest(LoopbackVendor vendor) => InfoRequest(vendor.Url);

    private static CollateralRequest InfoRequest(Uri url) => new()
    {
        Url = new(url, "/tcb?fmspc=00"),
        Form = CollateralForm.SignedJson,
        Names = ["tcb_info", "tcb_info_issuer_chain"],
        ChainHeaders = ["TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain"],
        MaxAge = TimeSpan.FromHours(24),
    };

    private static CollateralRequest ListRequest(LoopbackVendor vendor) => new()
    {
        Url = new(vendor.Url, "/rootcacrl"),
        Form = CollateralForm.RevocationList,
        Names = ["root_ca_crl"],
        MaxAge = TimeSpan.FromHours(24),
    };

    private static Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> Named(string name, byte[] value) => new() { [name] = [value] };

    private static byte[] MakeList(DateTimeOffset nextUpdate)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=forged", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var issuer = request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(60));
        return new CertificateRevocationListBuilder().Build(issuer, 1, nextUpdate, HashAlgorithmName.SHA256, thisUpdate: Now);
    }

    private static async Task<AttestationException> AssertMissingAsync(Task<TeeEvidence> completing)
    {
        var refusal = await Assert.ThrowsAsync<AttestationException>(() => completing);
        Assert.Equal(RejectionCode.CollateralMissing, refusal.Code);
        Assert.NotNull(refusal.Hint);
        return refusal;
    }

    private CollateralOptions Options() => new() { Cache = new(_folder.FullName), TimeProvider = _clock, Timeout = RecordingClock.Patience };

    private CollateralClient Client() => new(_http, Options());

    private Task<TeeEvidence> CompleteAsync(LoopbackVendor vendor, CollateralRequest? request = null) =>
        Client().CompleteAsync(new("sgx-quote", default), [request ?? InfoRequest(vendor)], TestContext.Current.CancellationToken);
}
