using System.Text;
using BlindAI.Attestation.Nitro;
using BlindAI.Attestation.NvidiaGpu;
using BlindAI.Attestation.Policy;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Sgx;
using BlindAI.Attestation.Simulation;

namespace BlindAI.Attestation.Tests.Policy;

public class AttestationPolicyTests
{
    private static readonly HexValue Sha256 = new(Enumerable.Repeat((byte)0xa1, 32).ToArray());
    private static readonly HexValue Sha384 = new(Enumerable.Repeat((byte)0xa1, 48).ToArray());
    private static readonly string Pin = $"sha256:{Sha256}";

    [Fact]
    public void DangerouslyAllowSimulation_AnyService_AcceptsSimulationAlone()
    {
        var policy = AttestationPolicy.DangerouslyAllowSimulation("localhost");
        Assert.True(policy.AllowsSimulation);
        Assert.True(Assert.IsType<SimulationPolicyEntry>(Assert.Single(policy.Accept)).Key.Accepts(Sha256.Bytes));
        Assert.Null(policy.AcceptedDigests("default/anything"));
        Assert.Equal(policy.Digest, AttestationPolicy.Parse(policy.Encode()).Digest);
    }

    [Fact]
    public void AllowsSimulation_HardwareEntries_IsFalse() => Assert.False(Create().AllowsSimulation);

    [Fact]
    public void Digest_SamePolicyWrittenDifferently_IsEqual()
    {
        var policy = AttestationPolicy.Parse(PolicyVectors.Policy("valid-design"));
        var compact = Encoding.UTF8.GetString(policy.Encode()).Replace("\n", "", StringComparison.Ordinal);
        Assert.Equal(policy.Digest, AttestationPolicy.Parse(Encoding.UTF8.GetBytes(compact)).Digest);
    }

    [Fact]
    public void Digest_DefaultWrittenOut_IsEqual() =>
        Assert.Equal(Parse(Encoding.UTF8.GetString(PolicyVectors.Policy("valid-minimal"))).Digest,
            Parse(Encoding.UTF8.GetString(PolicyVectors.Policy("valid-minimal")).Replace("\"otherModels\"", "\"reattestAfterSeconds\": 900, \"otherModels\"", StringComparison.Ordinal)).Digest);

    [Fact]
    public void Parse_FileOverOneMebibyte_IsRefused() =>
        Refused("$", [.. PolicyVectors.Policy("valid-minimal"), .. Enumerable.Repeat((byte)' ', 1 << 20)]);

    [Fact]
    public void Parse_ListOverItsLimit_IsRefused() =>
        Refused("$.configuration", Encoding.UTF8.GetBytes($$"""{ "configuration": [{{string.Join(",", Enumerable.Repeat("0", 4097))}}] }"""));

    [Fact]
    public void Parse_LongMemberName_IsNotRepeatedInFull() =>
        Assert.True(Refused("$", Encoding.UTF8.GetBytes($$"""{ "version": 1, "{{new string('x', 100_000)}}": null }""")).Message.Length < 1000);

    [Fact]
    public void Parse_ErrorOnThirdLine_NamesTheLine() =>
        Assert.Contains("(line 3)", Refused("$.service", "{\n  \"version\": 1,\n  \"service\": \"\"\n}"u8.ToArray()).Message);

    [Fact]
    public void Parse_WordAnyForAConfiguration_HintsTheMemberThatSaysSo() =>
        Assert.Contains("\"dangerouslyAnyConfiguration\": true", Refused("$.configuration", PolicyVectors.Policy("configuration-any-word")).Hint);

    [Fact]
    public void Parse_UpperCaseHex_HintsAtLowerCase() =>
        Assert.Contains("lower case", Refused("$.accept[0].measurements[0]", PolicyVectors.Policy("snp-measurement-upper-case")).Hint);

    [Fact]
    public void Load_RelativeCaFile_LiesBesideThePolicy()
    {
        var file = PolicyVectors.FileOf("valid-machines-tls-file");
        var rule = Assert.IsType<MachineRule.Tls>(AttestationPolicy.Load(file).Machines);
        Assert.Equal(Path.Combine(Path.GetDirectoryName(file)!, "roots.pem"), rule.CaFile);
    }

    [Fact]
    public void Load_SystemCa_NamesNoFile() =>
        Assert.Null(Assert.IsType<MachineRule.Tls>(AttestationPolicy.Load(PolicyVectors.FileOf("valid-machines-tls-system")).Machines).CaFile);

    [Fact]
    public void RequireValidAt_AfterTheEnd_IsRefused()
    {
        var end = new DateTimeOffset(2027, 6, 30, 0, 0, 0, TimeSpan.Zero);
        var policy = AttestationPolicy.Parse(PolicyVectors.Policy("valid-design"));
        policy.RequireValidAt(end);
        Assert.Equal(RejectionCode.PolicyExpired, Assert.Throws<AttestationException>(() => policy.RequireValidAt(end.AddSeconds(1))).Code);
    }

    [Fact]
    public void AcceptedDigests_PinnedModel_GivesItsDigests() => Assert.Equal([Pin], Create(OtherModels.Refuse).AcceptedDigests("default/credit"));

    [Fact]
    public void AcceptedDigests_OtherModelAllowed_GivesNull() => Assert.Null(Create().AcceptedDigests("default/other"));

    [Fact]
    public void AcceptedDigests_OtherModelRefused_Throws() => Assert.Equal(RejectionCode.ModelNotAccepted,
        Assert.Throws<AttestationException>(() => Create(OtherModels.Refuse).AcceptedDigests("default/other")).Code);

    [Fact]
    public void Create_EntriesThatContradict_Throws()
    {
        var simulation = new SimulationPolicyEntry { Key = DigestRule.DangerouslyAny };
        Assert.Throws<ArgumentException>(() => Create(accept: []));
        Assert.Throws<ArgumentException>(() => Create(accept: [simulation, NitroEntry(Sha384)]));
        Assert.Throws<ArgumentException>(() => Create(accept: [NitroEntry(new HexValue(new byte[48]))]));
        Assert.Throws<ArgumentException>(() => Create(accept: [new NvidiaPolicyEntry { Rims = [Sha256] }]));
        Assert.Throws<ArgumentException>(() => Create(accept: [new SgxPolicyEntry { Dcap = new() { TcbStatus = [BlindAI.Attestation.Dcap.TcbStatus.UpToDate] } }]));
    }

    [Fact]
    public void Create_ValuesThatAFileMayNotHold_Throws()
    {
        Assert.Throws<ArgumentException>(() => NitroEntry(Sha256));
        Assert.Throws<ArgumentException>(() => DigestRule.OneOf());
        Assert.Throws<ArgumentException>(() => DigestRule.OneOf(Sha384));
        Assert.Throws<ArgumentException>(() => DigestRule.OneOf(Sha256, Sha256));
        Assert.Throws<ArgumentException>(() => new MachineRule.Tls { CaFile = "system" });
        Assert.Throws<ArgumentException>(() => new MachineRule.Listed { ChipIds = [new HexValue(new byte[64])] });
        Assert.Throws<ArgumentException>(() => new BitRules<SnpPolicyBit>());
        Assert.Throws<ArgumentOutOfRangeException>(() => new SnpPolicyEntry { Products = [SnpProduct.Genoa], Measurements = [Sha384], Vmpl = 4, MinimumTcb = null! });
    }

    [Fact]
    public void Create_ListChangedAfterwards_KeepsThePolicy()
    {
        var entries = new List<PolicyEntry> { NitroEntry(Sha384) };
        var policy = Create(accept: entries);
        entries.Add(new SimulationPolicyEntry { Key = DigestRule.DangerouslyAny });
        Assert.False(policy.AllowsSimulation);
    }

    [Fact]
    public void HoldFor_Word_ObeysEveryRule()
    {
        var rules = new BitRules<SnpPolicyBit>(KeyValuePair.Create(SnpPolicyBit.Smt, true), KeyValuePair.Create(SnpPolicyBit.MigrateMa, false));
        Assert.True(rules.HoldFor(0x3001f));
        Assert.False(rules.HoldFor(0x2001f));
        Assert.False(rules.HoldFor(0x7001f));
    }

    private static AttestationPolicy Create(OtherModels otherModels = OtherModels.Allow, IReadOnlyList<PolicyEntry>? accept = null) => new()
    {
        Service = "risk.example.org",
        Machines = new MachineRule.Any(),
        Configuration = DigestRule.OneOf(Sha256),
        Accept = accept ?? [NitroEntry(Sha384)],
        Models = new Dictionary<string, IReadOnlyList<string>> { ["default/credit"] = [Pin] },
        OtherModels = otherModels,
    };

    private static NitroPolicyEntry NitroEntry(HexValue pcr) => new() { Pcrs = new Dictionary<int, HexValue> { [0] = pcr, [1] = pcr, [2] = pcr } };

    private static AttestationPolicy Parse(string json) => AttestationPolicy.Parse(Encoding.UTF8.GetBytes(json));

    private static AttestationException Refused(string path, byte[] utf8)
    {
        var exception = Assert.Throws<AttestationException>(() => AttestationPolicy.Parse(utf8));
        Assert.Equal(RejectionCode.PolicyInvalid, exception.Code);
        Assert.StartsWith(path, exception.Message);
        return exception;
    }
}
