using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using BlindAI.Attestation;
using BlindAI.Attestation.Collateral;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;
using BlindAI.Testing;

namespace BlindAI.Cli.Tests.Commands;

public sealed class EvidenceCommandTests
{
    private const string VectorsMissing = "The shared vectors are missing: set BLINDAI_SHARED to the folder that holds vectors/.";

    // Valid only under a root that is not the vendor's; and a report without the quote that would make it evidence.
    private const string OtherRoot = "sgx/intel-sample-test-root";
    private const string NoEvidence = "azure/kinvolk-hcl-snp-parse-only";

    /// <summary>Without the shared vectors there is one row, so that the test can say so.</summary>
    public static TheoryData<string> SharedVectors => RepositoryRoot.SharedVectors is { } folder
        ? [.. Directory.EnumerateFiles(folder, "case.json", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, Path.GetDirectoryName(file)!)).Order(StringComparer.Ordinal)]
        : [""];

    private static string At => ForgedEnclave.Now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null);

    [Theory]
    [MemberData(nameof(SharedVectors))]
    public async Task Verify_SharedVector_IsDecidedAsItsCaseSays(string name)
    {
        var folder = FolderOf(name);
        var expect = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "case.json"), TestContext.Current.CancellationToken))!["expect"]!;

        var run = await CliRun.OfAsync("evidence", "verify", folder);

        var json = run.ReadJson();
        var code = json.GetProperty("code").GetInt32();
        if (TeeVerifiers.All.All(verifier => verifier.Tee.Name != name.Split('/')[0]))
        {
            Assert.Equal((20, 201, "unsupported"), (run.Exit, code, json.GetProperty("result").GetString()));
        }
        else if (expect["result"]!.GetValue<string>() == "valid" && name is not (OtherRoot or NoEvidence) && !name.StartsWith("cca/", StringComparison.Ordinal))
        {
            Assert.Equal((0, 0, "valid"), (run.Exit, code, json.GetProperty("result").GetString()));
            Assert.Equal(expect["expected_nonce"] is null ? "not checked" : "checked", json.GetProperty("freshness").GetString());
            Assert.Equal(expect["default_policy"]?["result"]?.GetValue<string>() ?? json.GetProperty("defaultPolicy").GetString(), json.GetProperty("defaultPolicy").GetString());
            var claims = JsonNode.Parse(json.GetProperty("claims").GetRawText())!.AsObject();
            Assert.All(expect["claims"]!.AsObject(), claim => Assert.True(JsonNode.DeepEquals(claim.Value, claims[claim.Key]), $"{claim.Key} is {claims[claim.Key]?.ToJsonString() ?? "absent"}."));
        }
        else
        {
            Assert.Equal(ExitCode.Of(code), run.Exit);
            Assert.InRange(code, 100, 699);
            Assert.NotEqual("valid", json.GetProperty("result").GetString());
            Assert.Equal("reject", json.GetProperty("defaultPolicy").GetString());
            Assert.False(json.TryGetProperty("claims", out _));
        }
    }

    [Fact]
    public async Task Verify_VendorsSampleUnderItsOwnRoot_IsValidWithAWarning()
    {
        var folder = FolderOf(OtherRoot);
        Assert.SkipWhen(TeeVerifiers.All.All(verifier => verifier.Tee != TeeKind.Sgx), "This build has no verifier of SGX.");

        var untrusted = await CliRun.OfAsync("evidence", "verify", folder);
        var trusted = await CliRun.OfAsync("evidence", "verify", folder, "--dangerously-trust-root", Path.Combine(folder, "root_ca.pem"));

        Assert.Equal((10, 302), (untrusted.Exit, untrusted.ReadJson().GetProperty("code").GetInt32()));
        Assert.Equal((0, "valid"), (trusted.Exit, trusted.ReadJson().GetProperty("result").GetString()));
        Assert.StartsWith("dangerously: ", trusted.ReadJson().GetProperty("trustedRoot").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("warning: --dangerously-trust-root", trusted.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_SimulationReport_IsValidAndNotAcceptedByDefault()
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();

        var run = await CliRun.OfAsync("evidence", "verify", folder.Write("report.bin", ReportOf(enclave)), "--at", At);

        Assert.Equal((0, ""), (run.Exit, run.Error));
        var json = run.ReadJson();
        Assert.Equal(("valid", 0, "simulation", At), (json.GetProperty("result").GetString(), json.GetProperty("code").GetInt32(), json.GetProperty("tee").GetString(), json.GetProperty("at").GetString()));
        Assert.Equal(("not checked", "reject", 501), (json.GetProperty("freshness").GetString(), json.GetProperty("defaultPolicy").GetString(), json.GetProperty("policyCode").GetInt32()));
        Assert.Equal(enclave.Attester.Key.ToString(), json.GetProperty("claims").GetProperty("key").GetString());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("reason").ValueKind);
    }

    [Fact]
    public async Task Verify_Folder_TakesTimeAndCollateralFromItsCase()
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();
        folder.Write("report.bin", ReportOf(enclave));
        var path = Path.GetDirectoryName(folder.Write("case.json", """{ "tee": "simulation", "verify_at": "2021-02-03T04:05:06Z", "files": { "report": { "name": "report.bin" } } }"""))!;

        var json = (await CliRun.OfAsync("evidence", "verify", path)).ReadJson();
        var moved = (await CliRun.OfAsync("evidence", "verify", path, "--at", At)).ReadJson();

        Assert.Equal(("valid", "2021-02-03T04:05:06Z"), (json.GetProperty("result").GetString(), json.GetProperty("at").GetString()));
        Assert.Equal(At, moved.GetProperty("at").GetString());
    }

    [Fact]
    public async Task Verify_ForgedSignature_IsInvalidWithoutClaims()
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();
        var report = ReportOf(enclave);
        report[^1] ^= 1;

        var run = await CliRun.OfAsync("evidence", "verify", folder.Write("report.bin", report));

        var json = run.ReadJson();
        Assert.Equal((10, "invalid", 301), (run.Exit, json.GetProperty("result").GetString(), json.GetProperty("code").GetInt32()));
        Assert.NotEmpty(json.GetProperty("reason").GetString()!);
        Assert.Equal("reject", json.GetProperty("defaultPolicy").GetString());
        Assert.False(json.TryGetProperty("claims", out _));
    }

    [Fact]
    public async Task Verify_TruncatedReport_Exits30()
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();

        var run = await CliRun.OfAsync("evidence", "verify", folder.Write("report.bin", ReportOf(enclave)[..^1]));

        Assert.Equal((30, 101), (run.Exit, run.ReadJson().GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task Verify_CaseThatDoesNotParse_IsAVerdict()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.OfAsync("evidence", "verify", Path.GetDirectoryName(folder.Write("case.json", "{}"))!);

        Assert.Equal((30, "invalid"), (run.Exit, run.ReadJson().GetProperty("result").GetString()));
        Assert.Equal(JsonValueKind.Null, run.ReadJson().GetProperty("tee").ValueKind);
    }

    [Theory]
    [InlineData("--report-data", true, 0)]
    [InlineData("--report-data", false, 402)]
    [InlineData("--nonce", true, 0)]
    [InlineData("--nonce", false, 402)]
    public async Task Verify_ExpectedValue_IsCompared(string option, bool isRight, int code)
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();
        var expected = ReportData.ForClaims(isRight ? enclave.Claims.Encode() : [1]).Bytes;

        var run = await CliRun.OfAsync("evidence", "verify", folder.Write("report.bin", ReportOf(enclave)), option, Convert.ToHexStringLower(expected));

        Assert.Equal((ExitCodeOf(code), code), (run.Exit, run.ReadJson().GetProperty("code").GetInt32()));
        Assert.Equal(isRight ? "checked" : "not checked", run.ReadJson().GetProperty("freshness").GetString());
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(10, 506)]
    public async Task Verify_WithPolicy_NeedsItsConsentToo(int exit, int? policyCode)
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();
        var policy = policyCode is null ? enclave.Policy : enclave.MakePolicy(DigestRule.OneOf(new HexValue(new byte[32])));

        var run = await CliRun.OfAsync("evidence", "verify", folder.Write("report.bin", ReportOf(enclave)), "--policy", folder.Write("policy.json", policy.Encode()), "--at", At);

        var json = run.ReadJson();
        Assert.Equal((exit, "valid"), (run.Exit, json.GetProperty("result").GetString()));
        Assert.Equal(policyCode is null ? "accept" : "reject", json.GetProperty("policy").GetString());
        Assert.Equal(policyCode, json.TryGetProperty("policyCode", out var code) ? code.GetInt32() : null);
        Assert.Equal(["service", "configuration"], json.GetProperty("policyNotChecked").EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public async Task Verify_PolicyWithoutEntryForTheTee_Answers502()
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();
        var policy = folder.Write("policy.json", """
            {
              "version": 1, "service": "risk.example.org", "machines": "any", "dangerouslyAnyConfiguration": true, "otherModels": "allow",
              "accept": [{ "tee": "cca", "platformKeys": ["0000000000000000000000000000000000000000000000000000000000000001"],
                "implementationIds": ["0000000000000000000000000000000000000000000000000000000000000001"], "rim": ["0000000000000000000000000000000000000000000000000000000000000001"] }]
            }
            """);

        var run = await CliRun.OfAsync("evidence", "verify", folder.Write("report.bin", ReportOf(enclave)), "--policy", policy);

        Assert.Equal((10, 502), (run.Exit, run.ReadJson().GetProperty("policyCode").GetInt32()));
    }

    [Fact]
    public async Task Verify_ExpiredPolicy_Answers406()
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();
        var policy = enclave.MakePolicy(DigestRule.OneOf(new HexValue(enclave.Attester.Key.Bytes)), validUntil: ForgedEnclave.Now.AddDays(-1));

        var run = await CliRun.OfAsync("evidence", "verify", folder.Write("report.bin", ReportOf(enclave)), "--policy", folder.Write("policy.json", policy.Encode()), "--at", At);

        Assert.Equal((10, 406), (run.Exit, run.ReadJson().GetProperty("policyCode").GetInt32()));
    }

    [Fact]
    public async Task Verify_PolicyWithMachines_RefusesEvidenceWithoutIdentity()
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();
        var chip = new byte[64];
        chip[0] = 1;
        var policy = enclave.MakePolicy(DigestRule.OneOf(new HexValue(enclave.Attester.Key.Bytes)), machines: new MachineRule.Listed { ChipIds = [new HexValue(chip)] });

        var run = await CliRun.OfAsync("evidence", "verify", folder.Write("report.bin", ReportOf(enclave)), "--policy", folder.Write("policy.json", policy.Encode()), "--at", At);

        Assert.Equal((10, 505), (run.Exit, run.ReadJson().GetProperty("policyCode").GetInt32()));
    }

    [Fact]
    public async Task Verify_FileOfAttestSave_ChecksTheWholeExchange()
    {
        await using var server = await SimulatedServer.StartAsync();
        using var folder = new TemporaryFolder();
        var (saved, policy) = (folder.PathOf("saved.json"), folder.PathOf("policy.json"));
        Assert.Equal(0, (await CliRun.OfAsync("attest", "--url", server.Url, "--dangerously-allow-simulation", "--save", saved, "--write-policy", policy)).Exit);

        var run = await CliRun.OfAsync("evidence", "verify", saved, "--policy", policy);

        Assert.Equal((0, ""), (run.Exit, run.Error));
        var json = run.ReadJson();
        Assert.Equal(("checked", "accept"), (json.GetProperty("freshness").GetString(), json.GetProperty("policy").GetString()));
        Assert.False(json.TryGetProperty("policyNotChecked", out _));

        var other = await CliRun.OfAsync("evidence", "verify", saved, "--nonce", new string('0', 64));
        Assert.Equal((10, 401), (other.Exit, other.ReadJson().GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task Verify_FileOfAttestSaveWithAnotherTlsKey_Answers403()
    {
        await using var server = await SimulatedServer.StartAsync();
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();
        var path = folder.PathOf("saved.json");
        Assert.Equal(0, (await CliRun.OfAsync("attest", "--url", server.Url, "--dangerously-allow-simulation", "--save", path)).Exit);
        var saved = JsonNode.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken))!;
        saved["tlsCertificate"] = StrictBase64Url.Encode(enclave.Certificate.RawData);

        var run = await CliRun.OfAsync("evidence", "verify", folder.Write("other.json", saved.ToJsonString()));

        Assert.Equal((10, 403), (run.Exit, run.ReadJson().GetProperty("code").GetInt32()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Verify_EvidenceObject_IsFreshOnlyAgainstANonce(bool isCbor)
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();
        var value = enclave.Prove();
        var path = folder.Write("evidence", isCbor ? EvidenceObjectCbor.Encode(value) : EvidenceObjectJson.Encode(value));

        var alone = (await CliRun.OfAsync("evidence", "verify", path)).ReadJson();
        var asked = (await CliRun.OfAsync("evidence", "verify", path, "--nonce", Convert.ToHexStringLower(enclave.Nonce.Bytes.Span))).ReadJson();
        var wrong = (await CliRun.OfAsync("evidence", "verify", path, "--nonce", new string('1', 64))).ReadJson();

        Assert.Equal(("valid", "not checked"), (alone.GetProperty("result").GetString(), alone.GetProperty("freshness").GetString()));
        Assert.Equal(("valid", "checked"), (asked.GetProperty("result").GetString(), asked.GetProperty("freshness").GetString()));
        Assert.Equal(("invalid", 401), (wrong.GetProperty("result").GetString(), wrong.GetProperty("code").GetInt32()));
    }

    [Theory]
    [InlineData(true, "VALID: the evidence of simulation is authentic", 0)]
    [InlineData(false, "INVALID: evidence of simulation, 301", 10)]
    public async Task Verify_WithText_ExplainsInSentences(bool isRight, string start, int exit)
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();
        var report = ReportOf(enclave);
        report[^1] ^= (byte)(isRight ? 0 : 1);

        var run = await CliRun.OfAsync("evidence", "verify", folder.Write("report.bin", report), "--text", "--policy", folder.Write("policy.json", enclave.Policy.Encode()));

        Assert.Equal(exit, run.Exit);
        Assert.StartsWith(start, run.Out, StringComparison.Ordinal);
        Assert.Equal(isRight, run.Out.Contains("A prudent default REJECTS it with 501", StringComparison.Ordinal));
        Assert.Equal(isRight, run.Out.Contains("Your policy accepts it.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("sgx", "03000200000000000000000 0939a7233f79c4ca9940a0db3957f0607", 48)]
    [InlineData("tdx", "04000200810000000000000 0939a7233f79c4ca9940a0db3957f0607", 48)]
    [InlineData("tdx", "05000200810000000000000 0939a7233f79c4ca9940a0db3957f0607", 48)]
    [InlineData("nitro", "8444a1013822", 20)]
    [InlineData("nitro", "d28444a1013822", 20)]
    [InlineData("azure", "ff5443478018", 20)]
    [InlineData("nvidia", "11e0", 38)]
    [InlineData("cca", "d9018f", 20)]
    [InlineData("simulation", "424c494e4441492d53494d554c415445", 20)]
    [InlineData(null, "939a7233", 48)]
    [InlineData(null, "06000200810000000000000 0939a7233f79c4ca9940a0db3957f0607", 48)]
    [InlineData(null, "03000200820000000000000 0939a7233f79c4ca9940a0db3957f0607", 48)]
    [InlineData(null, "02000000", 1183)]
    [InlineData(null, "", 0)]
    public void Guess_FirstBytes_NameTheTeeOrNone(string? tee, string hex, int length)
    {
        var bytes = new byte[length];
        Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)).CopyTo(bytes, 0);

        Assert.Equal(tee, Captured.EvidenceGuess.Of(bytes)?.Name);
    }

    [Theory]
    [InlineData(2, "snp")]
    [InlineData(5, "snp")]
    [InlineData(1, null)]
    [InlineData(6, null)]
    public void Guess_SnpReport_NeedsVersionAndAlgorithm(byte version, string? tee)
    {
        var bytes = new byte[1184];
        bytes[0] = version;
        bytes[0x34] = 1;

        Assert.Equal(tee, Captured.EvidenceGuess.Of(bytes)?.Name);
    }

    [Fact]
    public async Task Show_SimulationReport_BelievesNothing()
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();
        var report = ReportOf(enclave);
        report[^1] ^= 1;

        var run = await CliRun.OfAsync("evidence", "show", folder.Write("report.bin", report));

        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.False(run.ReadJson().GetProperty("believed").GetBoolean());
        Assert.Equal(enclave.Attester.Key.ToString(), run.ReadJson().GetProperty("claims").GetProperty("key").GetString());
    }

    [Fact]
    public async Task Show_Truncated_Exits30()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.OfAsync("evidence", "show", folder.Write("report.bin", "BLINDAI-SIMULATE"), "--json");

        Assert.Equal((30, 101), (run.Exit, run.ReadJson().GetProperty("error").GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task Verify_CollateralFolder_CountsBeforeWhatCameAlong()
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();
        Directory.CreateDirectory(folder.PathOf("collateral"));
        await File.WriteAllBytesAsync(Path.Combine(folder.PathOf("collateral"), "leaf.der"), [1], TestContext.Current.CancellationToken);

        var source = Captured.EvidenceSource.Read(folder.Write("report.bin", ReportOf(enclave)), null, folder.PathOf("collateral"));

        Assert.Equal(["leaf"], source.Evidence.Endorsements.Keys);
    }

    [Fact]
    public async Task Verify_Root_IsCertificateOrPublicKey()
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();
        var key = Sha256Digest.Of(enclave.Certificate.PublicKey.ExportSubjectPublicKeyInfo());
        var report = folder.Write("report.bin", ReportOf(enclave));

        Assert.Equal(key, Captured.TrustedRoot.Read(folder.Write("root.der", enclave.Certificate.RawData)));
        Assert.Equal(key, Captured.TrustedRoot.Read(folder.Write("root.pem", enclave.Certificate.ExportCertificatePem())));
        Assert.Equal(key, Captured.TrustedRoot.Read(folder.Write("key.pem", PemEncoding.WriteString("PUBLIC KEY", enclave.Certificate.PublicKey.ExportSubjectPublicKeyInfo()))));

        // Simulation has no roots.
        var run = await CliRun.OfAsync("evidence", "verify", report, "--dangerously-trust-root", folder.PathOf("root.pem"));
        Assert.Equal((20, 201), (run.Exit, run.ReadJson().GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task Verify_WithCollateralCache_FetchesAndKeeps()
    {
        using var folder = new TemporaryFolder();
        // The machine's own clock decides what is kept.
        var evidence = new ForgedSnp { HasCrl = true, CrlNextUpdate = ForgedEnclave.Now.AddYears(20) }.Prove();
        await using var vendor = AmdOf(evidence);
        var (report, root) = (folder.Write("report.bin", evidence.Data.ToArray()), folder.Write("ark.der", evidence.Endorsements["ark"].Single().ToArray()));
        string[] arguments = ["evidence", "verify", report, "--at", At, "--dangerously-trust-root", root];

        var alone = await CliRun.OfAsync(arguments);
        var fetched = await CliRun.OfAsync(new CollateralOptions { AmdUrl = vendor.Url }, [.. arguments, "--collateral-cache", folder.PathOf("cache")]);
        var asked = vendor.Requests.Count;
        var kept = await CliRun.OfAsync(new CollateralOptions { AmdUrl = vendor.Url }, [.. arguments, "--collateral-cache", folder.PathOf("cache")]);

        Assert.Equal((40, "undecided", 602), (alone.Exit, alone.ReadJson().GetProperty("result").GetString(), alone.ReadJson().GetProperty("code").GetInt32()));
        Assert.Equal((0, "valid"), (fetched.Exit, fetched.ReadJson().GetProperty("result").GetString()));
        Assert.True(asked >= 3);   // more where the machine is slow and an answer is asked for again
        Assert.Equal((0, asked), (kept.Exit, vendor.Requests.Count));
    }

    [Fact]
    public async Task Verify_VendorThatHasNothing_IsUndecided()
    {
        using var folder = new TemporaryFolder();
        await using var vendor = new LoopbackVendor(_ => VendorAnswer.NotFound);
        var report = folder.Write("report.bin", new ForgedSnp().Prove().Data.ToArray());

        var run = await CliRun.OfAsync(new CollateralOptions { AmdUrl = vendor.Url }, "evidence", "verify", report, "--collateral-cache", folder.PathOf("cache"));

        Assert.Equal((40, "undecided", "snp"), (run.Exit, run.ReadJson().GetProperty("result").GetString(), run.ReadJson().GetProperty("tee").GetString()));
    }

    [Fact]
    public async Task Attest_WithCollateralCache_FetchesBeforeItVerifies()
    {
        using var folder = new TemporaryFolder();
        var evidence = new ForgedSnp { HasCrl = true }.Prove();
        await using var vendor = AmdOf(evidence);
        await using var server = await SimulatedServer.StartAsync(evidence: new(evidence.Type, evidence.Data));
        var policy = folder.Write("policy.json", $$"""
            {
              "version": 1, "service": "localhost", "machines": "any", "dangerouslyAnyConfiguration": true, "otherModels": "allow",
              "accept": [{ "tee": "snp", "products": ["Genoa"], "measurements": ["{{new string('3', 96)}}"], "vmpl": 0,
                "minimumTcb": { "Genoa": { "bootloader": 10, "tee": 0, "snp": 23, "microcode": 84 } } }]
            }
            """);

        var alone = await CliRun.OfAsync("attest", "--url", server.Url, "--policy", policy);
        var fetched = await CliRun.OfAsync(new CollateralOptions { AmdUrl = vendor.Url }, "attest", "--url", server.Url, "--policy", policy, "--collateral-cache", folder.PathOf("cache"));

        // The forged root is not AMD's: what was missing is there, and is not believed.
        Assert.Equal(40, alone.Exit);
        Assert.StartsWith("error 602 CollateralMissing: ", alone.Error, StringComparison.Ordinal);
        Assert.Equal(10, fetched.Exit);
        Assert.StartsWith("error 302 ChainUntrusted: ", fetched.Error, StringComparison.Ordinal);
        Assert.Equal(3, vendor.Requests.Count);
    }

    [Fact]
    public async Task Attest_ServerThatSendsManyItems_MakesTheClientAskForOneOnly()
    {
        const int ChipId = 0x1A0;
        using var folder = new TemporaryFolder();
        var evidence = new ForgedSnp { HasCrl = true }.Prove();
        await using var vendor = AmdOf(evidence);
        await using var server = await SimulatedServer.StartAsync(evidence: new(evidence.Type, evidence.Data));
        server.More = [.. Enumerable.Range(1, 20).Select(chip =>
        {
            var report = evidence.Data.ToArray();
            report[ChipId] ^= (byte)chip;
            return new TeeEvidence(evidence.Type, report);
        })];
        var policy = folder.Write("policy.json", $$"""
            {
              "version": 1, "service": "localhost", "machines": "any", "dangerouslyAnyConfiguration": true, "otherModels": "allow",
              "accept": [{ "tee": "snp", "products": ["Genoa"], "measurements": ["{{new string('3', 96)}}"], "vmpl": 0,
                "minimumTcb": { "Genoa": { "bootloader": 10, "tee": 0, "snp": 23, "microcode": 84 } } }]
            }
            """);

        await CliRun.OfAsync(new CollateralOptions { AmdUrl = vendor.Url }, "attest", "--url", server.Url, "--policy", policy, "--collateral-cache", folder.PathOf("cache"));

        Assert.Single(vendor.Requests.Where(target => target.Contains("blSPL", StringComparison.Ordinal)).Distinct());
    }

    [Theory]
    [InlineData("show", "no-such-file")]
    [InlineData("verify", "no-such-file")]
    [InlineData("verify", "BYTES")]
    [InlineData("verify", "FOLDER")]
    [InlineData("verify", "REPORT", "--tee", "enclave")]
    [InlineData("verify", "REPORT", "--collateral", "no-such-folder")]
    [InlineData("verify", "REPORT", "--policy", "no-such-file")]
    [InlineData("verify", "REPORT", "--at", "yesterday")]
    [InlineData("verify", "REPORT", "--nonce", "xy")]
    [InlineData("verify", "REPORT", "--nonce", "")]
    [InlineData("verify", "REPORT", "--report-data", "00")]
    [InlineData("verify", "REPORT", "--nonce", "00", "--report-data", "00")]
    [InlineData("verify", "GPU", "--report-data", "00")]
    [InlineData("verify", "EVIDENCE", "--nonce", "00")]
    [InlineData("verify", "REPORT", "--collateral-cache", "BYTES")]
    [InlineData("verify", "REPORT", "--dangerously-trust-root", "no-such-file")]
    [InlineData("verify", "REPORT", "--dangerously-trust-root", "REPORT")]
    public async Task Run_WrongArguments_Exits2(params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        using var enclave = new ForgedEnclave();
        Directory.CreateDirectory(folder.PathOf("FOLDER"));
        folder.Write("BYTES", [1, 2, 3]);
        folder.Write("REPORT", ReportOf(enclave));
        folder.Write("GPU", [0x11, 0xe0, .. new byte[40]]);
        folder.Write("EVIDENCE", EvidenceObjectJson.Encode(enclave.Prove()));

        var run = await CliRun.OfAsync(["evidence", .. arguments.Select(argument => argument.All(char.IsAsciiLetterUpper) && argument.Length > 0 ? folder.PathOf(argument) : argument)]);

        Assert.Equal((2, ""), (run.Exit, run.Out));
        Assert.Contains("error: ", run.Error, StringComparison.Ordinal);
    }

    private static LoopbackVendor AmdOf(TeeEvidence evidence) => new(target =>
        target.EndsWith("/crl", StringComparison.Ordinal) ? VendorAnswer.Ok(evidence.Endorsements["crl"].Single())
        : target.EndsWith("/cert_chain", StringComparison.Ordinal) ? VendorAnswer.Ok((byte[])[.. evidence.Endorsements["ask"].Single().Span, .. evidence.Endorsements["ark"].Single().Span])
        : VendorAnswer.Ok(evidence.Endorsements["leaf"].Single()));

    private static byte[] ReportOf(ForgedEnclave enclave) => enclave.Prove().Evidence.Single().Data.ToArray();

    private static int ExitCodeOf(int code) => code == 0 ? ExitCode.Success : ExitCode.Of(code);

    private static string FolderOf(string name)
    {
        if (RepositoryRoot.SharedVectors is null && RepositoryRoot.IsContinuousIntegration)
        {
            Assert.Fail(VectorsMissing);
        }

        Assert.SkipWhen(RepositoryRoot.SharedVectors is null, VectorsMissing);
        return Path.Combine(RepositoryRoot.SharedVectors!, name);
    }
}
