using BlindAI.Attestation.ArmCca;
using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Nitro;
using BlindAI.Attestation.NvidiaGpu;
using BlindAI.Attestation.Policy;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Sgx;
using BlindAI.Attestation.Simulation;
using BlindAI.Attestation.Tdx;
using CsCheck;

namespace BlindAI.Attestation.Tests.Policy;

public class PolicyPropertyTests
{
    private static readonly Gen<NvidiaPolicyEntry?> Gpu = Gen.Select(Maybe(HexList(32)), Maybe(Gen.Bool), Gen.Bool)
        .Select((rims, nvdec, present) => present
            ? new NvidiaPolicyEntry { Rims = rims, Nvdec0Enabled = nvdec, DriverVersions = ["550.90.07"], VbiosVersions = ["96.00.9F.00.01"] }
            : null);

    private static readonly Gen<SnpPolicyEntry> Snp = Gen.Select(Subset<SnpProduct>(), HexList(48), Gen.Int[0, 3], Gen.Byte, MaybeHex(32), Maybe(Bits<SnpPolicyBit>()), Gen.Bool)
        .Select((products, measurements, vmpl, svn, hostData, guestPolicy, debug) => new SnpPolicyEntry
        {
            Products = products,
            Measurements = measurements,
            Vmpl = vmpl,
            MinimumTcb = products.ToDictionary(product => product, product => new SnpTcb
            {
                Fmc = product == SnpProduct.Turin ? svn : null,
                Bootloader = svn,
                Tee = 0,
                Snp = svn,
                Microcode = svn,
            }),
            HostData = hostData,
            GuestPolicy = guestPolicy,
            DangerouslyAllowDebug = debug,
        });

    private static readonly Gen<DcapRules> Dcap = Gen.Select(Gen.Bool, Maybe(Gen.Int[1, 100]), Maybe(HexList(6)), Maybe(Subset<SgxType>()), Maybe(Gen.Bool), Maybe(Gen.DateTimeOffset))
        .Select((hardening, number, fmspcs, types, smt, date) => new DcapRules
        {
            TcbStatus = hardening ? [TcbStatus.UpToDate, TcbStatus.SWHardeningNeeded] : [TcbStatus.UpToDate],
            AllowAdvisories = hardening ? [] : null,
            MinimumTcbEvaluationDataNumber = number,
            MinimumTcbDate = date,
            Fmspcs = fmspcs,
            SgxTypes = types,
            SmtEnabled = smt,
        });

    private static readonly Gen<TdxPolicyEntry> Tdx = Gen.Select(HexList(48), Hex(48), Dcap, Maybe(HexList(48)), MaybeHex(8), Maybe(Bits<TdAttributeBit>()))
        .Select((mrTd, rtmr, dcap, mrSeam, xfam, attributes) => new TdxPolicyEntry
        {
            MrTd = mrTd,
            Rtmr = new Dictionary<int, HexValue> { [2] = rtmr, [1] = rtmr },
            Dcap = dcap,
            MrSeam = mrSeam,
            Xfam = xfam,
            TdAttributes = attributes,
        });

    private static readonly Gen<PolicyEntry> Hardware = Gen.OneOf(
        Snp.Select(PolicyEntry (snp) => snp),
        Tdx.Select(PolicyEntry (tdx) => tdx),
        Gen.Select(HexList(32), Dcap, Maybe(Gen.UShort), MaybeHex(64), Maybe(Bits<SgxAttributeBit>())).Select(PolicyEntry (mrEnclave, dcap, svn, configId, attributes) =>
            new SgxPolicyEntry { MrEnclave = mrEnclave, Dcap = dcap, MinimumIsvSvn = svn, ConfigId = configId, Attributes = attributes }),
        Gen.Select(Hex(48), Gen.Int[0, 31]).Select(PolicyEntry (pcr, other) =>
            new NitroPolicyEntry { Pcrs = new Dictionary<int, HexValue> { [0] = pcr, [1] = pcr, [2] = pcr, [other] = pcr } }),
        Gen.Select(Gen.OneOf(Snp.Select(PolicyEntry (snp) => snp), Tdx.Select(PolicyEntry (tdx) => tdx)), Hex(32), Gen.Int[0, 23], MaybeHex(64), Gpu, Maybe(Gen.Bool))
            .Select(PolicyEntry (hardware, pcr, index, userData, gpu, secureBoot) => new AzurePolicyEntry
            {
                Hardware = hardware,
                Pcrs = new Dictionary<int, HexValue> { [index] = pcr },
                UserData = userData,
                Gpu = gpu,
                VmConfiguration = secureBoot is null ? null : new AzureVmConfiguration { SecureBoot = secureBoot },
            }),
        Gen.Select(HexList(32), HexList(64), MaybeHex(64)).Select(PolicyEntry (keys, rim, value) =>
            new CcaPolicyEntry { PlatformKeys = keys, ImplementationIds = keys, Rim = rim, PersonalizationValue = value }));

    private static readonly Gen<PolicyEntry> Simulation = Gen.OneOf(Hex(32).Select(key => DigestRule.OneOf(key)), Gen.Const(DigestRule.DangerouslyAny))
        .Select(PolicyEntry (key) => new SimulationPolicyEntry { Key = key });

    private static readonly Gen<MachineRule> Machines = Gen.OneOf(
        Gen.Const<MachineRule>(new MachineRule.Any()),
        Gen.Bool.Select(MachineRule (isSystem) => new MachineRule.Tls { CaFile = isSystem ? null : "/etc/roots.pem" }),
        Gen.Select(HexList(64), Maybe(HexList(16))).Select(MachineRule (chips, ppids) => new MachineRule.Listed { ChipIds = chips, Ppids = ppids }));

    private static readonly Gen<AttestationPolicy> Policies = Gen.Select(
            Machines,
            Gen.OneOf(HexList(32).Select(DigestRule.OneOf), Gen.Const(DigestRule.DangerouslyAny)),
            Gen.Int[1, 86400],
            Gen.OneOf(Hardware.Array[1, 4], Simulation.Array[1, 2]),
            Gen.Dictionary(Gen.String[Gen.Char.AlphaNumeric, 1, 8].Select(name => "default/" + name), Hex(32).Select(IReadOnlyList<string> (hex) => [$"sha256:{hex}"]))[0, 3],
            Maybe(Gen.DateTimeOffset),
            Gen.Bool)
        .Select((machines, configuration, seconds, accept, models, validUntil, allow) => new AttestationPolicy
        {
            ValidUntil = validUntil,
            Service = "risk.example.org",
            Machines = machines,
            Configuration = configuration,
            ReattestAfter = TimeSpan.FromSeconds(seconds),
            Binder = allow ? BinderRequirement.Required : BinderRequirement.Quote,
            Accept = accept,
            Models = models,
            OtherModels = allow ? OtherModels.Allow : OtherModels.Refuse,
        });

    [Fact]
    public void Parse_AnyEncodedPolicy_GivesTheSamePolicy() => Policies.Sample(policy =>
    {
        var again = AttestationPolicy.Parse(policy.Encode());
        Assert.Equal(policy.Encode(), again.Encode());
        Assert.Equal(policy.Digest, again.Digest);
        Assert.Equal(policy.ValidUntil, again.ValidUntil);
        Assert.Equal(policy.ReattestAfter, again.ReattestAfter);
        Assert.Equal(policy.Accept.OfType<TdxPolicyEntry>().Select(entry => entry.Dcap.MinimumTcbDate), again.Accept.OfType<TdxPolicyEntry>().Select(entry => entry.Dcap.MinimumTcbDate));
        Assert.Equal(policy.AllowsSimulation, again.AllowsSimulation);
        Assert.Equal(policy.Explain(TeeKind.All), again.Explain(TeeKind.All));
    }, iter: 500);

    [Fact]
    public void Parse_AnyEncodedPolicyWithChangedBytes_GivesAPolicyOrARefusal() =>
        Gen.Select(Policies, Gen.Select(Gen.Int[0, int.MaxValue], Gen.Byte).Array[1, 8]).Sample((policy, changes) =>
        {
            var utf8 = policy.Encode();
            foreach (var (position, value) in changes)
            {
                utf8[position % utf8.Length] = value;
            }

            try
            {
                _ = AttestationPolicy.Parse(utf8).Digest;
            }
            catch (AttestationException exception)
            {
                Assert.True(exception.Code is RejectionCode.PolicyInvalid or RejectionCode.VersionUnsupported);
            }
        }, iter: 2000);

    private static Gen<HexValue> Hex(int size) => Gen.Byte[1, 255].Array[size].Select(bytes => new HexValue(bytes));

    private static Gen<HexValue?> MaybeHex(int size) => Gen.Select(Hex(size), Gen.Bool).Select(HexValue? (value, present) => present ? value : null);

    private static Gen<IReadOnlyList<HexValue>> HexList(int size) => Hex(size).Array[1, 3].Select(IReadOnlyList<HexValue> (values) => [.. values.Distinct()]);

    private static Gen<T?> Maybe<T>(Gen<T> gen, T? _ = null)
        where T : struct => Gen.Select(gen, Gen.Bool).Select(T? (value, present) => present ? value : null);

    private static Gen<T?> Maybe<T>(Gen<T> gen)
        where T : class => Gen.Select(gen, Gen.Bool).Select(T? (value, present) => present ? value : null);

    private static Gen<IReadOnlyList<T>> Subset<T>()
        where T : struct, Enum => Gen.Int[0, Enum.GetValues<T>().Length - 1].Array[1, 4]
            .Select(IReadOnlyList<T> (indexes) => [.. indexes.Distinct().Select(index => Enum.GetValues<T>()[index])]);

    private static Gen<BitRules<T>> Bits<T>()
        where T : struct, Enum => Gen.Select(Subset<T>(), Gen.Bool).Select((bits, isOn) => new BitRules<T>(bits.Select(bit => KeyValuePair.Create(bit, isOn))));
}
