using System.Text;
using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Tests.Evidence;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Collateral;

/// <summary>What is asked for each TEE, and that the verifier judges what came: forged vendors over loopback.</summary>
public sealed class CollateralPlanTests : IDisposable
{
    private const string PckCrlPath = "/sgx/certification/v4/pckcrl?ca=platform&encoding=der";

    private readonly HttpMessageInvoker _http = new(CollateralClient.CreateHandler());

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData("sgx")]
    [InlineData("tdx")]
    public async Task Complete_QuoteAlone_IsThenValid(string tee)
    {
        using var intel = Forge(tee);
        var evidence = intel.Prove();
        await using var vendor = new LoopbackVendor(target => AnswerOfIntel(evidence, target));

        var completed = await CompleteAsync(Bare(evidence), OptionsFor(vendor));

        Assert.Equal(
            new[] { PckCrlPath, "/sgx/certification/v4/rootcacrl", $"/{tee}/certification/v4/qe/identity", $"/{tee}/certification/v4/tcb?fmspc=00806f050000" }.Order(StringComparer.Ordinal),
            vendor.Requests.Order(StringComparer.Ordinal));
        TeeVerifiers.DangerouslyTrusting(intel.Tee, intel.Root).Verify(completed, EvidenceChallenge.DangerouslyNone, ForgedIntel.Now);
    }

    [Fact]
    public async Task Complete_QuoteOfTheProcessorCa_AsksForItsList()
    {
        using var intel = Forge("tdx");
        intel.AuthorityName = ForgedIntel.ProcessorCa;
        var evidence = intel.Prove();
        await using var vendor = new LoopbackVendor(target => AnswerOfIntel(evidence, target));

        await CompleteAsync(Bare(evidence), OptionsFor(vendor));

        Assert.Contains(PckCrlPath.Replace("platform", "processor", StringComparison.Ordinal), vendor.Requests);
    }

    [Fact]
    public async Task Complete_ListOfTheRootFromAnotherAddress_IsAskedThere()
    {
        using var intel = Forge("sgx");
        var evidence = intel.Prove();
        await using var certificates = new LoopbackVendor(_ => VendorAnswer.Ok(evidence.Endorsements["root_ca_crl"].Single()));
        await using var vendor = new LoopbackVendor(target => AnswerOfIntel(evidence, target));

        await CompleteAsync(Bare(evidence), OptionsFor(vendor) with { IntelRootCrlUrl = new(certificates.Url, "/IntelSGXRootCA.der") });

        Assert.Equal(["/IntelSGXRootCA.der"], certificates.Requests);
        Assert.Equal(3, vendor.Requests.Count);
    }

    [Fact]
    public async Task Complete_CacheWithAPathAndHexadecimalLists_IsThenValid()
    {
        using var intel = Forge("tdx");
        var evidence = intel.Prove();
        await using var vendor = new LoopbackVendor(target =>
        {
            var answer = AnswerOfIntel(evidence, target["/cache".Length..]);
            return target.Contains("crl", StringComparison.Ordinal) ? answer with { Body = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(answer.Body.Span)) } : answer;
        });

        var completed = await CompleteAsync(Bare(evidence), OptionsFor(vendor).WithPccs(new(vendor.Url, "/cache/")));

        TeeVerifiers.DangerouslyTrusting(intel.Tee, intel.Root).Verify(completed, EvidenceChallenge.DangerouslyNone, ForgedIntel.Now);
    }

    [Fact]
    public async Task Complete_TcbInfoOfAnotherPlatform_IsRefusedByTheVerifier()
    {
        using var intel = Forge("tdx");
        var evidence = intel.Prove();
        intel.ChangeTcbInfo = info => info["fmspc"] = "111111111111";
        var other = evidence.With(intel.Prove().Endorsements);
        await using var vendor = new LoopbackVendor(target => AnswerOfIntel(other, target));

        // What the server sent along is right, and what was fetched counts.
        var completed = await CompleteAsync(evidence, OptionsFor(vendor));

        Rejections.AssertCode(RejectionCode.CollateralMismatch,
            () => TeeVerifiers.DangerouslyTrusting(intel.Tee, intel.Root).Verify(completed, EvidenceChallenge.DangerouslyNone, ForgedIntel.Now));
    }

    [Fact]
    public async Task Complete_TcbInfoOfAnotherSigner_IsRefusedByTheVerifier()
    {
        using var intel = Forge("tdx");
        var evidence = intel.Prove();
        using var key = ForgedIntel.NewKey();
        intel.TcbInfoKey = key;
        var other = evidence.With(intel.Prove().Endorsements);
        await using var vendor = new LoopbackVendor(target => AnswerOfIntel(other, target));

        var completed = await CompleteAsync(evidence, OptionsFor(vendor));

        Rejections.AssertCode(RejectionCode.CollateralSignatureInvalid,
            () => TeeVerifiers.DangerouslyTrusting(intel.Tee, intel.Root).Verify(completed, EvidenceChallenge.DangerouslyNone, ForgedIntel.Now));
    }

    [Fact]
    public async Task Complete_QuoteWithoutItsChain_AsksNothing()
    {
        using var intel = Forge("tdx");
        intel.CertificationDataType = 3;
        var evidence = intel.Prove();
        await using var vendor = new LoopbackVendor(target => AnswerOfIntel(evidence, target));

        await CompleteAsync(Bare(evidence), OptionsFor(vendor));

        Assert.Empty(vendor.Requests);
    }

    [Theory]
    [InlineData(SnpProduct.Milan, "blSPL=10&teeSPL=02&snpSPL=23&ucodeSPL=84", 128)]
    [InlineData(SnpProduct.Genoa, "blSPL=10&teeSPL=02&snpSPL=23&ucodeSPL=84", 128)]
    [InlineData(SnpProduct.Turin, "fmcSPL=01&blSPL=10&teeSPL=02&snpSPL=23&ucodeSPL=84", 16)]
    public async Task Complete_SnpReportAlone_IsThenValid(SnpProduct product, string tcb, int digits)
    {
        var amd = new ForgedSnp(product) { HasCrl = true };
        var evidence = amd.Prove();
        await using var vendor = new LoopbackVendor(target => AnswerOfAmd(evidence, target));

        var completed = await CompleteAsync(Bare(evidence), OptionsFor(vendor));

        Assert.Equal(
            new[] { $"/vcek/v1/{product}/cert_chain", $"/vcek/v1/{product}/crl", $"/vcek/v1/{product}/{string.Concat(Enumerable.Repeat("c1", digits / 2))}?{tcb}" }.Order(StringComparer.Ordinal),
            vendor.Requests.Order(StringComparer.Ordinal));
        ForgedSnp.Verifier.Verify(completed, EvidenceChallenge.DangerouslyNone, ForgedEnclave.Now);
    }

    [Fact]
    public async Task Complete_VlekReport_AsksForNoLeaf()
    {
        var evidence = new ForgedSnp(SnpProduct.Milan, SnpSigningKey.VLEK) { HasCrl = true }.Prove();
        await using var vendor = new LoopbackVendor(target => AnswerOfAmd(evidence, target));

        await CompleteAsync(Bare(evidence), OptionsFor(vendor));

        Assert.Equal(["/vlek/v1/Milan/cert_chain", "/vlek/v1/Milan/crl"], vendor.Requests.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Complete_CertificatesThatCameAlong_AreNotAskedForAgain()
    {
        var evidence = new ForgedSnp { HasCrl = true }.Prove();
        await using var vendor = new LoopbackVendor(target => AnswerOfAmd(evidence, target));

        await CompleteAsync(evidence, OptionsFor(vendor));

        Assert.Equal(["/vcek/v1/Genoa/crl"], vendor.Requests);
    }

    [Fact]
    public async Task Complete_LeafOfAnEarlierTcb_IsReplaced()
    {
        var earlier = new ForgedSnp();
        earlier.LeafExtensions["3.8"] = ForgedSnp.Spl(83);
        var evidence = new ForgedSnp { HasCrl = true }.Prove();
        await using var vendor = new LoopbackVendor(target => AnswerOfAmd(evidence, target));

        var completed = await CompleteAsync(evidence.With(earlier.Endorsements()), OptionsFor(vendor));

        Assert.Equal(2, vendor.Requests.Count);
        ForgedSnp.Verifier.Verify(completed, EvidenceChallenge.DangerouslyNone, ForgedEnclave.Now);
    }

    [Fact]
    public async Task Complete_MaskedChip_AsksForNoLeaf()
    {
        var evidence = new ForgedSnp { HasCrl = true }.Set(0x1A0, new byte[64]).Prove();
        await using var vendor = new LoopbackVendor(target => AnswerOfAmd(evidence, target));

        await CompleteAsync(Bare(evidence), OptionsFor(vendor));

        Assert.Equal(2, vendor.Requests.Count);
    }

    [Theory]
    [InlineData("leaf")]
    [InlineData("ask")]
    [InlineData("ark")]
    [InlineData(null)]
    public async Task Complete_ReportWithoutCpuid_IsOfTheProductThatACertificateNames(string? sent)
    {
        var evidence = new ForgedSnp { HasCrl = true }.Set(0x000, [2]).Set(0x188, new byte[3]).Prove();
        await using var vendor = new LoopbackVendor(target => AnswerOfAmd(evidence, target));
        var some = new TeeEvidence(evidence.Type, evidence.Data, evidence.Endorsements.Where(pair => pair.Key == sent).ToDictionary());

        if (sent is null)
        {
            var refusal = await Assert.ThrowsAsync<AttestationException>(() => CompleteAsync(some, OptionsFor(vendor)));
            Assert.Equal(RejectionCode.CollateralMissing, refusal.Code);
            Assert.Empty(vendor.Requests);
            return;
        }

        var completed = await CompleteAsync(some, OptionsFor(vendor));
        ForgedSnp.Verifier.Verify(completed, EvidenceChallenge.DangerouslyNone, ForgedEnclave.Now);
        Assert.Contains("/vcek/v1/Genoa/crl", vendor.Requests);
    }

    [Fact]
    public async Task Complete_ListOfAnotherAuthority_IsRefusedByTheVerifier()
    {
        var evidence = new ForgedSnp { HasCrl = true, CrlIssuer = "ARK-Milan" }.Prove();
        await using var vendor = new LoopbackVendor(target => AnswerOfAmd(evidence, target));

        var completed = await CompleteAsync(Bare(evidence), OptionsFor(vendor));

        Rejections.AssertCode(RejectionCode.CollateralMismatch, () => ForgedSnp.Verifier.Verify(completed, EvidenceChallenge.DangerouslyNone, ForgedEnclave.Now));
    }

    [Theory]
    [InlineData("sgx", "signal-cdsi-2026")]
    [InlineData("sgx", "automata-v3-2025-08")]
    [InlineData("tdx", "google-v5-2026")]
    [InlineData("tdx", "google-cos-v4-2025-10")]
    [InlineData("azure", "trustee-tdx-v0")]
    public async Task Complete_RealQuote_GetsWhatIntelPublished(string tee, string name)
    {
        var captured = SharedVectors.Read(tee, name);
        await using var vendor = new LoopbackVendor(target => AnswerOfIntel(captured.Evidence, target));
        string[] published = ["tcb_info", "tcb_info_issuer_chain", "qe_identity", "qe_identity_issuer_chain", "pck_crl", "pck_crl_issuer_chain", "root_ca_crl"];
        var bare = new TeeEvidence(captured.Evidence.Type, captured.Evidence.Data, captured.Evidence.Endorsements.Where(pair => !published.Contains(pair.Key)).ToDictionary());

        var completed = await CompleteAsync(bare, OptionsFor(vendor));

        Assert.All(published, role => Assert.Equal(captured.Evidence.Endorsements[role].Single(), completed.Endorsements[role].Single()));
        SharedVectors.Verify(TeeVerifiers.For(captured.Tee), new() { Tee = captured.Tee, Evidence = completed, At = captured.At, Challenge = captured.Challenge });
    }

    [Fact]
    public async Task Complete_RealAzureQuoteOverSnp_AsksForItsProcessor()
    {
        var captured = SharedVectors.Read("azure", "trustee-snp-genoa");
        string[] published = ["leaf", "ask", "ark"];
        var bare = new TeeEvidence(captured.Evidence.Type, captured.Evidence.Data, captured.Evidence.Endorsements.Where(pair => !published.Contains(pair.Key)).ToDictionary());
        // The case has no revocation list, and a vendor that has none is no vendor.
        await using var vendor = new LoopbackVendor(target => target.EndsWith("/crl", StringComparison.Ordinal) ? VendorAnswer.NotFound : AnswerOfAmd(captured.Evidence, target));

        await Assert.ThrowsAsync<AttestationException>(() => CompleteAsync(bare, OptionsFor(vendor)));

        Assert.Equal(3, vendor.Requests.Count);
        Assert.All(vendor.Requests, target => Assert.StartsWith("/vcek/v1/Genoa/", target, StringComparison.Ordinal));
    }

    private static ForgedIntel Forge(string tee) => tee == "sgx" ? new ForgedIntel().AsSgx() : new ForgedIntel();

    private static TeeEvidence Bare(TeeEvidence evidence) => new(evidence.Type, evidence.Data);

    private static CollateralOptions OptionsFor(LoopbackVendor vendor) => new() { IntelUrl = vendor.Url, IntelRootCrlUrl = null, AmdUrl = vendor.Url };

    // As Intel's service answers: the signer's chain in a header.
    private static VendorAnswer AnswerOfIntel(TeeEvidence evidence, string target) => target switch
    {
        _ when target.Contains("/tcb?", StringComparison.Ordinal) => WithChain(evidence, "tcb_info", "TCB-Info-Issuer-Chain"),
        _ when target.EndsWith("/qe/identity", StringComparison.Ordinal) => WithChain(evidence, "qe_identity", "SGX-Enclave-Identity-Issuer-Chain"),
        _ when target.Contains("/pckcrl?", StringComparison.Ordinal) => WithChain(evidence, "pck_crl", "SGX-PCK-CRL-Issuer-Chain"),
        _ when target.EndsWith("/rootcacrl", StringComparison.Ordinal) => VendorAnswer.Ok(evidence.Endorsements["root_ca_crl"].Single()),
        _ => VendorAnswer.NotFound,
    };

    private static VendorAnswer WithChain(TeeEvidence evidence, string name, string header)
    {
        var chain = evidence.Endorsements.TryGetValue(name + "_issuer_chain", out var values) ? Encoding.ASCII.GetString(values.Single().Span) : "none";
        return VendorAnswer.Ok(evidence.Endorsements[name].Single(), (header, Uri.EscapeDataString(chain)));
    }

    private static VendorAnswer AnswerOfAmd(TeeEvidence evidence, string target) =>
        target.EndsWith("/crl", StringComparison.Ordinal) ? VendorAnswer.Ok(evidence.Endorsements["crl"].Single())
        : target.EndsWith("/cert_chain", StringComparison.Ordinal) ? VendorAnswer.Ok(Encoding.ASCII.GetBytes(PemOf(evidence, "ask") + "\n" + PemOf(evidence, "ark") + "\n"))
        : VendorAnswer.Ok(evidence.Endorsements["leaf"].Single());

    private static string PemOf(TeeEvidence evidence, string name) =>
        System.Security.Cryptography.PemEncoding.WriteString("CERTIFICATE", evidence.Endorsements[name].Single().Span);

    private Task<TeeEvidence> CompleteAsync(TeeEvidence evidence, CollateralOptions options) =>
        new CollateralClient(_http, options).CompleteAsync(evidence, TestContext.Current.CancellationToken);
}
