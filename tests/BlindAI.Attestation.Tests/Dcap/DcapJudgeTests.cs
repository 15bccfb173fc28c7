using System.Text.Json.Nodes;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Tdx;
using BlindAI.Attestation.Tests.Policy;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Dcap;

/// <summary>Every member of the policy entries of SGX and TDX: met, and not met with its code.</summary>
public sealed class DcapJudgeTests : IDisposable
{
    private const string Sgx = """{ "tee": "sgx", "mrEnclave": ["e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"], "tcbStatus": ["UpToDate"] }""";
    private const string D1 = "d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1";
    private const string D2 = "d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2";
    private const string D3 = "d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3";
    private const string Zero = "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";
    private const string Tdx = $$"""{ "tee": "tdx", "mrTd": ["{{D1}}"], "rtmr": { "1": "{{D2}}", "2": "{{D3}}" }, "tcbStatus": ["UpToDate"] }""";

    private readonly ForgedIntel _intel = new();

    public void Dispose() => _intel.Dispose();

    [Theory]
    [InlineData("mrEnclave", """["e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"]""", """["00e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"]""", RejectionCode.MeasurementNotAccepted)]
    [InlineData("mrSigner", """["e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2"]""", """["00e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2"]""", RejectionCode.MeasurementNotAccepted)]
    [InlineData("isvProdId", "7", "8", RejectionCode.MeasurementNotAccepted)]
    [InlineData("minimumIsvSvn", "3", "4", RejectionCode.MeasurementNotAccepted)]
    [InlineData("tcbStatus", """["UpToDate"]""", """["OutOfDate"]""", RejectionCode.TcbNotAccepted)]
    [InlineData("minimumTcbEvaluationDataNumber", "18", "19", RejectionCode.TcbNotAccepted)]
    [InlineData("minimumTcbDate", "\"2025-11-01T00:00:00Z\"", "\"2025-11-02T00:00:00Z\"", RejectionCode.TcbNotAccepted)]
    [InlineData("fmspcs", """["00806f050000"]""", """["00806f050001"]""", RejectionCode.PlatformNotAccepted)]
    [InlineData("pceIds", """["0000"]""", """["0001"]""", RejectionCode.PlatformNotAccepted)]
    [InlineData("sgxTypes", """["Scalable"]""", """["Standard"]""", RejectionCode.PlatformNotAccepted)]
    [InlineData("pckCas", """["Platform"]""", """["Processor"]""", RejectionCode.PlatformNotAccepted)]
    [InlineData("dynamicPlatform", "true", "false", RejectionCode.PlatformNotAccepted)]
    [InlineData("cachedKeys", "false", "true", RejectionCode.PlatformNotAccepted)]
    [InlineData("smtEnabled", "true", "false", RejectionCode.PlatformNotAccepted)]
    [InlineData("isvExtProdId", "\"00000000000000000000000000000000\"", "\"00000000000000000000000000000001\"", RejectionCode.GuestNotAccepted)]
    [InlineData("isvFamilyId", "\"00000000000000000000000000000000\"", "\"00000000000000000000000000000001\"", RejectionCode.GuestNotAccepted)]
    [InlineData("minimumConfigSvn", "0", "1", RejectionCode.GuestNotAccepted)]
    [InlineData("attributes", """{ "mode64Bit": true }""", """{ "provisionKey": true }""", RejectionCode.GuestNotAccepted)]
    [InlineData("xfrm", "\"0000000000000000\"", "\"0000000000000001\"", RejectionCode.GuestNotAccepted)]
    [InlineData("miscSelect", "\"00000000\"", "\"00000001\"", RejectionCode.GuestNotAccepted)]
    public void Judge_SgxMember_IsChecked(string member, string met, string unmet, RejectionCode expected)
    {
        _intel.AsSgx();

        AssertChecked(Sgx, member, met, unmet, expected);
    }

    [Fact]
    public void Judge_SgxConfigId_IsChecked()
    {
        _intel.AsSgx();

        AssertChecked(Sgx, "configId", $"\"{new string('0', 128)}\"", $"\"{new string('0', 127)}1\"", RejectionCode.GuestNotAccepted);
    }

    [Theory]
    [InlineData("mrTd", $$"""["{{D1}}"]""", $$"""["{{D2}}"]""", RejectionCode.MeasurementNotAccepted)]
    [InlineData("rtmr", $$"""{ "0": "{{Zero}}", "1": "{{D2}}", "2": "{{D3}}", "3": "{{Zero}}" }""", $$"""{ "1": "{{D2}}", "2": "{{D2}}" }""", RejectionCode.MeasurementNotAccepted)]
    [InlineData("rtmr", $$"""{ "1": "{{D2}}", "2": "{{D3}}" }""", $$"""{ "1": "{{D2}}", "2": "{{D3}}", "3": "{{D1}}" }""", RejectionCode.MeasurementNotAccepted)]
    [InlineData("tcbStatus", """["UpToDate"]""", """["OutOfDate"]""", RejectionCode.TcbNotAccepted)]
    [InlineData("mrSignerSeam", $"\"{Zero}\"", $"\"{D1}\"", RejectionCode.PlatformNotAccepted)]
    [InlineData("mrSeam", """["d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0"]""", $$"""["{{D1}}"]""", RejectionCode.PlatformNotAccepted)]
    [InlineData("mrConfigId", $"\"{Zero}\"", $"\"{D1}\"", RejectionCode.GuestNotAccepted)]
    [InlineData("mrOwner", $"\"{Zero}\"", $"\"{D1}\"", RejectionCode.GuestNotAccepted)]
    [InlineData("mrOwnerConfig", $"\"{Zero}\"", $"\"{D1}\"", RejectionCode.GuestNotAccepted)]
    [InlineData("mrServiceTd", $$"""["{{Zero}}"]""", $$"""["{{D1}}"]""", RejectionCode.GuestNotAccepted)]
    [InlineData("tdAttributes", """{ "septVeDisable": true, "migratable": false }""", """{ "septVeDisable": true, "migratable": true }""", RejectionCode.GuestNotAccepted)]
    [InlineData("xfam", "\"0000000000000000\"", "\"0000000000000001\"", RejectionCode.GuestNotAccepted)]
    [InlineData("minimumTeeTcbSvn", "\"06010300000000000000000000000000\"", "\"07010300000000000000000000000000\"", RejectionCode.TcbNotAccepted)]
    [InlineData("minimumTeeTcbSvn", "\"00000300000000000000000000000000\"", "\"00000000000000000000000000000001\"", RejectionCode.TcbNotAccepted)]
    [InlineData("minimumTeeTcbSvn2", "\"06010300000000000000000000000000\"", "\"06010400000000000000000000000000\"", RejectionCode.TcbNotAccepted)]
    public void Judge_TdxMember_IsChecked(string member, string met, string unmet, RejectionCode expected) => AssertChecked(Tdx, member, met, unmet, expected);

    [Theory]
    [InlineData("mrServiceTd", $$"""["{{Zero}}"]""", RejectionCode.GuestNotAccepted)]
    [InlineData("minimumTeeTcbSvn2", "\"00000000000000000000000000000000\"", RejectionCode.TcbNotAccepted)]
    public void Judge_FieldThatTheReportLacks_IsRefused(string member, string value, RejectionCode expected)
    {
        _intel.BodyType = 2;

        Rejections.AssertCode(expected, () => Judge(EntryUnderTest.With(Tdx, member, value)));
    }

    [Theory]
    [InlineData("dynamicPlatform")]
    [InlineData("cachedKeys")]
    [InlineData("smtEnabled")]
    public void Judge_SettingThatTheProcessorCaDoesNotCertify_IsRefused(string member)
    {
        _intel.AuthorityName = ForgedIntel.ProcessorCa;

        Rejections.AssertCode(RejectionCode.PlatformNotAccepted, () => Judge(EntryUnderTest.With(Tdx, member, "false")));
    }

    [Fact]
    public void Judge_TrustDomainThatMayMigrate_IsRefusedUnlessAllowedByName()
    {
        _intel.ChangeBody = body => body[123] |= 0x20;

        Rejections.AssertCode(RejectionCode.GuestNotAccepted, () => Judge(EntryUnderTest.Parse(Tdx)));
        Rejections.AssertCode(RejectionCode.GuestNotAccepted, () => Judge(EntryUnderTest.With(Tdx, "tdAttributes", """{ "septVeDisable": true }""")));
        Rejections.AssertCode(RejectionCode.GuestNotAccepted, JudgeByDefault);
        Judge(EntryUnderTest.With(Tdx, "tdAttributes", """{ "migratable": true }"""));
    }

    [Fact]
    public void Judge_ServiceTrustDomainBound_IsRefusedUnlessListed()
    {
        _intel.ChangeBody = body => body.AsSpan(600, 48).Fill(0xD1);

        Rejections.AssertCode(RejectionCode.GuestNotAccepted, () => Judge(EntryUnderTest.Parse(Tdx)));
        Rejections.AssertCode(RejectionCode.GuestNotAccepted, JudgeByDefault);
        Judge(EntryUnderTest.With(Tdx, "mrServiceTd", $"[\"{D1}\"]"));
    }

    [Fact]
    public void Judge_AdvisoryNotAllowed_IsRefused()
    {
        _intel.Components[0]--;
        var entry = EntryUnderTest.With(Tdx, "tcbStatus", """["OutOfDate"]""", "allowAdvisories", """["INTEL-SA-00001"]""");

        Judge(entry);
        Rejections.AssertCode(RejectionCode.AdvisoryNotAccepted, () => Judge(EntryUnderTest.With(Tdx, "tcbStatus", """["OutOfDate"]""", "allowAdvisories", "[]")));
    }

    [Fact]
    public void Judge_OlderQeIdentityThanThePolicyWants_IsRefused()
    {
        _intel.ChangeQeIdentity = identity => identity["tcbEvaluationDataNumber"] = 17;

        Rejections.AssertCode(RejectionCode.TcbNotAccepted, () => Judge(EntryUnderTest.With(Tdx, "minimumTcbEvaluationDataNumber", "18")));
    }

    [Fact]
    public void Judge_RevokedPlatform_IsRefusedWhateverThePolicySays()
    {
        _intel.ChangeTcbInfo = info => info["tcbLevels"]![0]!["tcbStatus"] = "Revoked";

        Rejections.AssertCode(RejectionCode.TcbNotAccepted, () => Judge(EntryUnderTest.Parse(Tdx)));

        // No policy that is read can say so; an entry made by hand can.
        var entry = (TdxPolicyEntry)EntryUnderTest.Parse(Tdx);
        var careless = new TdxPolicyEntry { MrTd = entry.MrTd, Rtmr = entry.Rtmr, Dcap = new() { TcbStatus = [TcbStatus.Revoked] } };
        Rejections.AssertCode(RejectionCode.TcbNotAccepted, () => Judge(careless));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void Judge_TrustDomainInDebugMode_IsRefusedUnlessAllowedByName(int bit)
    {
        _intel.ChangeBody = body => body[120] |= (byte)(1 << bit);

        Rejections.AssertCode(RejectionCode.DebugNotAccepted, () => Judge(EntryUnderTest.Parse(Tdx)));
        Rejections.AssertCode(RejectionCode.DebugNotAccepted, JudgeByDefault);
        Judge(EntryUnderTest.With(Tdx, "dangerouslyAllowDebug", "true"));
    }

    [Fact]
    public void Judge_EnclaveInDebugMode_IsRefusedUnlessAllowedByName()
    {
        _intel.AsSgx().ChangeBody = body => body[48] |= 2;

        Rejections.AssertCode(RejectionCode.DebugNotAccepted, () => Judge(EntryUnderTest.Parse(Sgx)));
        Rejections.AssertCode(RejectionCode.DebugNotAccepted, JudgeByDefault);
        Judge(EntryUnderTest.With(Sgx, "dangerouslyAllowDebug", "true"));
    }

    [Theory]
    [InlineData("UpToDate", true)]
    [InlineData("SWHardeningNeeded", true)]
    [InlineData("ConfigurationNeeded", false)]
    [InlineData("ConfigurationAndSWHardeningNeeded", false)]
    [InlineData("OutOfDate", false)]
    [InlineData("OutOfDateConfigurationNeeded", false)]
    [InlineData("Revoked", false)]
    public void JudgeByDefault_Status_DecidesAsPrudenceDoes(string status, bool accepted)
    {
        _intel.ChangeTcbInfo = info => info["tcbLevels"]![0]!["tcbStatus"] = status;

        AssertDefault();
        _intel.AsSgx();
        AssertDefault();

        void AssertDefault()
        {
            if (accepted)
            {
                JudgeByDefault();
            }
            else
            {
                Rejections.AssertCode(RejectionCode.TcbNotAccepted, JudgeByDefault);
            }
        }
    }

    [Fact]
    public void Show_Quote_SaysWhatItSaysAndNothingOfThePlatform()
    {
        var shown = Verifier.Show(new(_intel.Tee.EvidenceType, _intel.Quote()));

        Assert.Equal(D1, (string?)shown["mrtd"]);
        Assert.False(shown.ContainsKey("tcb_status"));
        Rejections.AssertCode(RejectionCode.ValueInvalid, () => TeeVerifiers.For(TeeKind.Sgx).Show(new("sgx-quote", _intel.Quote())));
        _intel.AsSgx();
        Rejections.AssertCode(RejectionCode.ValueInvalid, () => TeeVerifiers.For(TeeKind.Tdx).Show(new("tdx-quote", _intel.Quote())));
        Assert.Equal((JsonNode)7, TeeVerifiers.For(TeeKind.Sgx).Show(new("sgx-quote", _intel.Quote()))["isv_prod_id"], JsonNode.DeepEquals);
    }

    private ITeeVerifier Verifier => TeeVerifiers.DangerouslyTrusting(_intel.Tee, _intel.Root);

    private void AssertChecked(string entry, string member, string met, string unmet, RejectionCode expected)
    {
        var hasAdvisories = unmet.Contains("OutOfDate", StringComparison.Ordinal);
        Judge(EntryUnderTest.With(entry, member, met));
        Rejections.AssertCode(expected, () => Judge(hasAdvisories ? EntryUnderTest.With(entry, member, unmet, "allowAdvisories", "[]") : EntryUnderTest.With(entry, member, unmet)));
    }

    private void Judge(BlindAI.Attestation.Policy.PolicyEntry entry) => Verifier.Judge(Verifier.Verify(_intel.Prove(), EvidenceChallenge.DangerouslyNone, ForgedIntel.Now), entry);

    private void JudgeByDefault() => Verifier.JudgeByDefault(Verifier.Verify(_intel.Prove(), EvidenceChallenge.DangerouslyNone, ForgedIntel.Now));
}
