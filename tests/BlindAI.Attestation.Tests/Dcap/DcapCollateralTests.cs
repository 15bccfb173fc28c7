using System.Text;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Tdx;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Dcap;

/// <summary>Collateral that says one wrong thing, and how each of its parts decides alone.</summary>
public sealed class DcapCollateralTests : IDisposable
{
    private static readonly byte[] QeSignerSerial = [0x10, 0x04];

    private readonly ForgedIntel _intel = new();

    public void Dispose() => _intel.Dispose();

    [Fact]
    public void Verify_QeIdentityOfAnotherVersion_IsRefused()
    {
        _intel.ChangeQeIdentity = identity => identity["version"] = 3;

        AssertRefused(RejectionCode.VersionUnsupported);
    }

    [Fact]
    public void Verify_TcbLevelWithFewerComponents_IsRefused()
    {
        _intel.ChangeTcbInfo = info => info["tcbLevels"]![0]!["tcb"]!["sgxtcbcomponents"]!.AsArray().RemoveAt(15);

        AssertRefused(RejectionCode.ValueInvalid);
    }

    [Fact]
    public void Verify_TooManyAdvisories_IsRefused()
    {
        _intel.ChangeTcbInfo = info => info["tcbLevels"]![0]!["advisoryIDs"] = new JsonArray([.. Enumerable.Range(0, 257).Select(number => (JsonNode)$"INTEL-SA-{number:00000}")]);

        AssertRefused(RejectionCode.TooLarge);
    }

    [Fact]
    public void Verify_StatusByItsNumber_IsRefused()
    {
        _intel.ChangeTcbInfo = info => info["tcbLevels"]![0]!["tcbStatus"] = "0";

        AssertRefused(RejectionCode.ValueInvalid);
    }

    [Fact]
    public void Verify_SignedMemberTwice_IsRefused()
    {
        _intel.EditTcbInfo = text => text.Replace("\"version\":3", "\"version\":3,\"version\":3", StringComparison.Ordinal);

        AssertRefused(RejectionCode.EncodingInvalid);
    }

    [Fact]
    public void Verify_DocumentWithoutItsObjectOrWithTwoSignatures_IsRefused()
    {
        var signature = new string('0', 128);

        AssertRefused(RejectionCode.MemberMissing, $$"""{"signature":"{{signature}}"}""");
        AssertRefused(RejectionCode.MemberUnknown, $$"""{"tcbInfo":{},"signature":"{{signature}}","signature":"{{signature}}"}""");
        AssertRefused(RejectionCode.EncodingInvalid, $$"""{"tcbInfo":{},"signature":"{{signature}}"}{}""");
    }

    [Fact]
    public void Verify_SignerThatIsAnAuthority_IsRefused()
    {
        _intel.SignerIsCa = true;

        AssertRefused(RejectionCode.CollateralSignatureInvalid);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Verify_OneOfTwoSignersRevoked_IsRefused(bool isQeIdentitys)
    {
        _intel.QeSignerSerial = QeSignerSerial;
        Verify();
        _intel.RevokedByRoot.Add(isQeIdentitys ? QeSignerSerial : ForgedIntel.SignerSerial);

        AssertRefused(RejectionCode.CertificateRevoked);
    }

    [Theory]
    [InlineData("TCB info")]
    [InlineData("QE identity")]
    [InlineData("root CRL")]
    [InlineData("PCK CRL")]
    [InlineData("PCK certificate")]
    public void Verify_PartThatEndsFirst_EndsTheProof(string part)
    {
        var end = ForgedIntel.Now.AddDays(2);
        const string End = "2026-01-17T00:00:00Z";
        switch (part)
        {
            case "TCB info": _intel.ChangeTcbInfo = info => info["nextUpdate"] = End; break;
            case "QE identity": _intel.ChangeQeIdentity = identity => identity["nextUpdate"] = End; break;
            case "root CRL": _intel.RootCrlNextUpdate = end; break;
            case "PCK CRL": (_intel.CrlNextUpdate, _intel.RootCrlNextUpdate) = (end, _intel.CrlNextUpdate); break;
            default: _intel.PckValidity = (_intel.PckValidity.From, end); break;
        }

        Assert.Equal(end, Verify().ValidUntil);
    }

    [Fact]
    public void Verify_AnyComponentBelowTheLevel_DoesNotReachIt()
    {
        foreach (var (list, first) in new[] { ("sgxtcbcomponents", 0), ("tdxtcbcomponents", 2) })
        {
            for (var index = first; index < 16; index++)
            {
                var component = index;
                _intel.ChangeTcbInfo = info => info["tcbLevels"]![0]!["tcb"]![list]![component]!["svn"] = 99;

                Assert.Equal(TcbStatus.OutOfDate, ((VerifiedTdx)Verify()).Platform.Tcb.PlatformStatus);
            }
        }
    }

    [Theory]
    [InlineData("attributesMask", "0000000000000000", 1)]   // whatever Intel asks for, no attribute of the module may be set
    [InlineData("attributes", "0100000000000000", 0)]
    public void Verify_ModuleWithOtherAttributes_IsRefused(string member, string value, byte attributes)
    {
        _intel.ChangeTcbInfo = info => info["tdxModuleIdentities"]![0]![member] = value;
        _intel.ChangeBody = body => body[112] = attributes;

        AssertRefused(RejectionCode.ModuleUnknown);
    }

    private VerifiedEvidence Verify() => Verify(_intel.Prove());

    private VerifiedEvidence Verify(TeeEvidence evidence) =>
        TeeVerifiers.DangerouslyTrusting(_intel.Tee, _intel.Root).Verify(evidence, EvidenceChallenge.DangerouslyNone, ForgedIntel.Now);

    private void AssertRefused(RejectionCode expected) => Rejections.AssertCode(expected, () => Verify());

    private void AssertRefused(RejectionCode expected, string tcbInfo) => Rejections.AssertCode(expected,
        () => Verify(_intel.Prove().With(new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> { [EndorsementName.TcbInfo] = [Encoding.UTF8.GetBytes(tcbInfo)] })));
}
