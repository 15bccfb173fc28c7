using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Tests.Policy;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.SevSnp;

/// <summary>Every member of a policy entry, once met and once not.</summary>
public sealed class SnpJudgementTests
{
    private const string Base = """
        { "tee": "snp", "products": ["Genoa"], "measurements": ["3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e"], "vmpl": 0,
          "minimumTcb": { "Genoa": { "bootloader": 10, "tee": 2, "snp": 23, "microcode": 84 } } }
        """;

    private const string BaseOfTurin = """
        { "tee": "snp", "products": ["Turin"], "measurements": ["3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e"], "vmpl": 0,
          "minimumTcb": { "Turin": { "fmc": 1, "bootloader": 10, "tee": 2, "snp": 23, "microcode": 84 } } }
        """;

    private static readonly VerifiedSnp Guest = Verify(new());

    [Theory]
    [InlineData("measurements", "[\"H48:00\"]", RejectionCode.MeasurementNotAccepted)]
    [InlineData("measurements", "[\"H48:00\", \"H48:3e\"]", null)]
    [InlineData("minimumTcb.Genoa.bootloader", "11", RejectionCode.TcbNotAccepted)]
    [InlineData("minimumTcb.Genoa.tee", "3", RejectionCode.TcbNotAccepted)]
    [InlineData("minimumTcb.Genoa.snp", "24", RejectionCode.TcbNotAccepted)]
    [InlineData("minimumTcb.Genoa.microcode", "85", RejectionCode.TcbNotAccepted)]
    [InlineData("minimumTcb.Genoa.microcode", "83", null)]
    [InlineData("minimumLaunchTcb", "{ \"Genoa\": { \"bootloader\": 10, \"tee\": 2, \"snp\": 23, \"microcode\": 84 } }", null)]
    [InlineData("minimumLaunchTcb", "{ \"Genoa\": { \"bootloader\": 10, \"tee\": 2, \"snp\": 24, \"microcode\": 84 } }", RejectionCode.TcbNotAccepted)]
    [InlineData("vmpl", "1", RejectionCode.GuestNotAccepted)]
    [InlineData("hostData", "\"H32:40\"", null)]
    [InlineData("hostData", "\"H32:41\"", RejectionCode.GuestNotAccepted)]
    [InlineData("minimumGuestSvn", "7", null)]
    [InlineData("minimumGuestSvn", "8", RejectionCode.GuestNotAccepted)]
    [InlineData("familyId", "\"H16:fa\"", null)]
    [InlineData("familyId", "\"H16:fb\"", RejectionCode.GuestNotAccepted)]
    [InlineData("imageId", "\"H16:1a\"", null)]
    [InlineData("imageId", "\"H16:1b\"", RejectionCode.GuestNotAccepted)]
    [InlineData("idKeyDigests", "[\"H48:1d\"]", null)]
    [InlineData("idKeyDigests", "[\"H48:1e\"]", RejectionCode.GuestNotAccepted)]
    [InlineData("authorKeyDigests", "[\"H48:ad\"]", null)]
    [InlineData("authorKeyDigests", "[\"H48:ae\"]", RejectionCode.GuestNotAccepted)]
    [InlineData("authorKeyEn", "false", null)]
    [InlineData("authorKeyEn", "true", RejectionCode.GuestNotAccepted)]
    [InlineData("guestPolicy", "{ \"smt\": true, \"migrateMa\": false }", null)]
    [InlineData("guestPolicy", "{ \"smt\": false }", RejectionCode.GuestNotAccepted)]
    [InlineData("platformInfo", "{ \"aliasCheckComplete\": true, \"tsmeEn\": false }", null)]
    [InlineData("platformInfo", "{ \"tioEn\": true }", RejectionCode.PlatformNotAccepted)]
    [InlineData("minimumFirmware", "{ \"major\": 1, \"minor\": 55, \"build\": 39 }", null)]
    [InlineData("minimumFirmware", "{ \"major\": 1, \"minor\": 54, \"build\": 99 }", null)]
    [InlineData("minimumFirmware", "{ \"major\": 1, \"minor\": 55, \"build\": 40 }", RejectionCode.PlatformNotAccepted)]
    [InlineData("minimumFirmware", "{ \"major\": 2, \"minor\": 0, \"build\": 0 }", RejectionCode.PlatformNotAccepted)]
    [InlineData("minimumReportVersion", "5", null)]
    [InlineData("minimumReportVersion", "6", RejectionCode.PlatformNotAccepted)]
    [InlineData("launchMitVector", "\"000000000000000b\"", null)]
    [InlineData("launchMitVector", "\"0000000000000004\"", RejectionCode.PlatformNotAccepted)]
    [InlineData("launchMitVector", "\"0000000000000006\"", RejectionCode.PlatformNotAccepted)]
    [InlineData("currentMitVector", "\"000000000000000f\"", null)]
    [InlineData("currentMitVector", "\"0000000000000010\"", RejectionCode.PlatformNotAccepted)]
    [InlineData("signingKeys", "[\"VCEK\", \"VLEK\"]", null)]
    [InlineData("signingKeys", "[\"VLEK\"]", RejectionCode.PlatformNotAccepted)]
    [InlineData("cspIds", "[\"CN=cloud.example.org\"]", RejectionCode.PlatformNotAccepted)]
    [InlineData("maskChipKey", "false", null)]
    [InlineData("maskChipKey", "true", RejectionCode.PlatformNotAccepted)]
    public void Judge_OneMember_Decides(string member, string value, RejectionCode? code) => AssertJudged(Guest, code, Base, member, value);

    [Theory]
    [InlineData("minimumTcb.Turin.fmc", "1", null)]
    [InlineData("minimumTcb.Turin.fmc", "2", RejectionCode.TcbNotAccepted)]
    [InlineData("minimumTcb.Turin.snp", "24", RejectionCode.TcbNotAccepted)]
    public void Judge_Turin_HasAnFmc(string member, string value, RejectionCode? code) => AssertJudged(Verify(new(SnpProduct.Turin)), code, BaseOfTurin, member, value);

    [Theory]
    [InlineData("[\"CN=cloud.example.org\"]", null)]
    [InlineData("[\"CN=cloud.example.com\"]", RejectionCode.PlatformNotAccepted)]
    public void Judge_Vlek_NamesItsCloud(string value, RejectionCode? code) => AssertJudged(Verify(new(signingKey: SnpSigningKey.VLEK)), code, Base, "cspIds", value);

    [Fact]
    public void Judge_OldReport_ProvesNoMitigation() =>
        AssertJudged(Verify(new ForgedSnp().Set(0, [3])), RejectionCode.PlatformNotAccepted, Base, "currentMitVector", "\"0000000000000001\"");

    [Fact]
    public void Judge_ProductThatIsNotNamed_IsRefused()
    {
        AssertJudged(Guest, RejectionCode.ProductNotAccepted, BaseOfTurin, null, null);
        var refusal = Assert.Throws<AttestationException>(() => ForgedSnp.Verifier.Judge(Verify(new(SnpProduct.Milan)), EntryUnderTest.Parse(Base)));
        Assert.Equal(RejectionCode.ProductNotAccepted, refusal.Code);
        Assert.Contains("arXiv 2605.12990", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("true", null)]
    [InlineData("false", RejectionCode.DebugNotAccepted)]
    public void Judge_DebuggableGuest_IsRefusedUnlessAllowed(string allowed, RejectionCode? code) =>
        AssertJudged(Verify(new ForgedSnp().Set(0x00A, [0x0B])), code, Base, "dangerouslyAllowDebug", allowed);

    [Fact]
    public void Judge_MigratableGuest_IsRefusedUnlessAllowedByName()
    {
        var guest = Verify(new ForgedSnp().Set(0x00A, [0x07]));

        AssertJudged(guest, RejectionCode.GuestNotAccepted, Base, null, null);
        AssertJudged(guest, RejectionCode.GuestNotAccepted, Base, "guestPolicy", "{ \"smt\": true }");
        AssertJudged(guest, null, Base, "guestPolicy", "{ \"migrateMa\": true }");
        Rejections.AssertCode(RejectionCode.GuestNotAccepted, () => ForgedSnp.Verifier.JudgeByDefault(guest));
    }

    [Fact]
    public void JudgeByDefault_ReportThatTheHostAskedFor_IsRefused() =>
        Rejections.AssertCode(RejectionCode.GuestNotAccepted, () => ForgedSnp.Verifier.JudgeByDefault(Verify(new ForgedSnp().Set(0x030, [0xFF, 0xFF, 0xFF, 0xFF]))));

    [Fact]
    public void Judge_RevocationListDemandedAndAbsent_IsUndecided()
    {
        AssertJudged(Guest, RejectionCode.CollateralMissing, Base, "requireCrl", "true");
        AssertJudged(Verify(new ForgedSnp { HasCrl = true }), null, Base, "requireCrl", "true");
    }

    [Fact]
    public void Judge_EntryWithoutTcbForTheProduct_IsRefused()
    {
        var entry = (SnpPolicyEntry)EntryUnderTest.Parse(Base);
        var incomplete = new SnpPolicyEntry { Products = entry.Products, Measurements = entry.Measurements, Vmpl = 0, MinimumTcb = new Dictionary<SnpProduct, SnpTcb>() };

        Rejections.AssertCode(RejectionCode.TcbNotAccepted, () => ForgedSnp.Verifier.Judge(Guest, incomplete));
    }

    private static VerifiedSnp Verify(ForgedSnp forged) => (VerifiedSnp)ForgedSnp.Verifier.Verify(forged.Prove(), EvidenceChallenge.DangerouslyNone, ForgedEnclave.Now);

    private static void AssertJudged(VerifiedSnp guest, RejectionCode? code, string entry, string? member, string? value)
    {
        var policy = value is null ? EntryUnderTest.Parse(entry) : EntryUnderTest.With(entry, member!, Expand(value));
        if (code is { } expected)
        {
            Rejections.AssertCode(expected, () => ForgedSnp.Verifier.Judge(guest, policy));
        }
        else
        {
            ForgedSnp.Verifier.Judge(guest, policy);
        }
    }

    // "H48:3e" is 48 bytes of 3e.
    private static string Expand(string value) => System.Text.RegularExpressions.Regex.Replace(value, "H([0-9]+):([0-9a-f]{2})",
        match => string.Concat(Enumerable.Repeat(match.Groups[2].Value, int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture))));
}
