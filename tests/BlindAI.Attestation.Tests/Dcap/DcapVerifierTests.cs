using System.Text;
using System.Text.Json.Nodes;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Sgx;
using BlindAI.Attestation.Tdx;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Dcap;

/// <summary>Every step of the argument, each with a chain that is right in everything else.</summary>
public sealed class DcapVerifierTests : IDisposable
{
    private const string OtherSigner = "the attacker's own signer";

    private readonly ForgedIntel _intel = new();

    public void Dispose() => _intel.Dispose();

    [Theory]
    [InlineData(3, 1, 0)]
    [InlineData(4, 1, 0)]
    [InlineData(5, 1, 0)]
    [InlineData(4, 2, 0)]
    [InlineData(5, 2, 0)]
    [InlineData(5, 3, 0)]
    [InlineData(5, 3, 3000)]
    public void Verify_RightInEverything_Holds(ushort version, int bodyType, int padding)
    {
        (_intel.Tee, _intel.Version, _intel.BodyType) = (bodyType == 1 ? TeeKind.Sgx : TeeKind.Tdx, version, bodyType);
        var proof = _intel.Prove();
        var padded = new TeeEvidence(proof.Type, (byte[])[.. proof.Data.Span, .. new byte[padding]], proof.Endorsements);

        var verified = Verify(padded);

        Assert.Equal(TcbStatus.UpToDate, PlatformOf(verified).Tcb.Status);
        Assert.Equal(_intel.Ppid, verified.Machine.Ppid!.Value.ToArray());
        Assert.Equal(_intel.PlatformInstanceId, verified.Machine.PlatformInstanceId!.Value.ToArray());
        Assert.Equal(ForgedIntel.Now.AddDays(20), verified.ValidUntil);
        Assert.True(verified.IsFresh);
    }

    // Step 1
    [Fact]
    public void Verify_QuoteOfTheOtherTee_IsRefused()
    {
        _intel.AsSgx();
        var sgx = _intel.Prove();

        Rejections.AssertCode(RejectionCode.ValueInvalid, () => VerifierOf(TeeKind.Tdx).Verify(sgx, EvidenceChallenge.DangerouslyNone, ForgedIntel.Now));
    }

    [Fact]
    public void Verify_QuotingEnclaveOfAnotherVendor_IsRefused()
    {
        _intel.ChangeHeader = header => header[12] ^= 1;

        AssertRefused(RejectionCode.QuotingEnclaveUnknown);
    }

    // Step 2
    [Fact]
    public void Verify_ChainOfAnotherRoot_IsRefused()
    {
        using var other = new ForgedIntel();

        Rejections.AssertCode(RejectionCode.ChainUntrusted, () => TeeVerifiers.DangerouslyTrusting(TeeKind.Tdx, other.Root).Verify(_intel.Prove(), EvidenceChallenge.DangerouslyNone, ForgedIntel.Now));
        Rejections.AssertCode(RejectionCode.ChainUntrusted, () => TeeVerifiers.For(TeeKind.Tdx).Verify(_intel.Prove(), EvidenceChallenge.DangerouslyNone, ForgedIntel.Now));
    }

    [Fact]
    public void Verify_PckNotSignedByItsAuthority_IsRefused()
    {
        using var attacker = ForgedIntel.NewKey();
        _intel.PckIssuerKey = attacker;

        AssertRefused(RejectionCode.ChainUntrusted);
    }

    [Fact]
    public void Verify_AuthorityThatIsNone_IsRefused()
    {
        _intel.AuthorityIsCa = false;

        AssertRefused(RejectionCode.ChainUntrusted);
    }

    [Fact]
    public void Verify_AuthorityOfAnotherName_IsRefused()
    {
        _intel.AuthorityName = "Intel SGX Something CA";

        AssertRefused(RejectionCode.ChainUntrusted);
    }

    [Fact]
    public void Verify_LeafThatIsNoPckCertificate_IsRefused()
    {
        _intel.PckName = "Intel SGX Something Certificate";

        AssertRefused(RejectionCode.ChainUntrusted);
    }

    [Fact]
    public void Verify_UnknownCriticalExtension_IsRefused()
    {
        _intel.CriticalExtension = "1.2.3.4";

        AssertRefused(RejectionCode.ChainUntrusted);
    }

    [Theory]
    [InlineData(-10, -1)]
    [InlineData(1, 10)]
    public void Verify_PckOutsideItsValidity_IsRefused(int from, int to)
    {
        _intel.PckValidity = (ForgedIntel.Now.AddDays(from), ForgedIntel.Now.AddDays(to));

        AssertRefused(RejectionCode.CertificateNotInValidity);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    public void Verify_CertificationDataWithoutChain_IsRefused(ushort type)
    {
        _intel.CertificationDataType = type;

        AssertRefused(RejectionCode.CertificationDataUnsupported);
    }

    [Fact]
    public void Verify_ChainBesideTheQuote_Holds()
    {
        _intel.CertificationDataType = 1;

        Verify(With(_intel.Prove(), EndorsementName.PckChain, Encoding.ASCII.GetBytes(_intel.PckChainPem())));
    }

    // Steps 3 and 4
    [Theory]
    [InlineData(EndorsementName.TcbInfo)]
    [InlineData(EndorsementName.TcbInfoIssuerChain)]
    [InlineData(EndorsementName.QeIdentity)]
    [InlineData(EndorsementName.QeIdentityIssuerChain)]
    [InlineData(EndorsementName.RootCaCrl)]
    [InlineData(EndorsementName.PckCrl)]
    public void Verify_CollateralAbsent_IsUndecided(string name)
    {
        var proof = _intel.Prove();
        var rest = proof.Endorsements.Where(endorsement => endorsement.Key != name).ToDictionary();

        Rejections.AssertCode(RejectionCode.CollateralMissing, () => Verify(new(proof.Type, proof.Data, rest)));
    }

    [Fact]
    public void Verify_TcbInfoSignedByAnother_IsRefused()
    {
        using var attacker = ForgedIntel.NewKey();
        _intel.TcbInfoKey = attacker;

        AssertRefused(RejectionCode.CollateralSignatureInvalid);
    }

    [Fact]
    public void Verify_QeIdentitySignedByAnother_IsRefused()
    {
        using var attacker = ForgedIntel.NewKey();
        _intel.QeIdentityKey = attacker;

        AssertRefused(RejectionCode.CollateralSignatureInvalid);
    }

    [Fact]
    public void Verify_CollateralSignedByACertificateForSomethingElse_IsRefused()
    {
        _intel.SignerName = OtherSigner;

        AssertRefused(RejectionCode.CollateralSignatureInvalid);
    }

    [Fact]
    public void Verify_SignerOfAnotherRoot_IsRefused()
    {
        using var other = new ForgedIntel();
        var (mine, theirs) = (_intel.Prove(), other.Prove());
        foreach (var (document, chain) in new[] { (EndorsementName.TcbInfo, EndorsementName.TcbInfoIssuerChain), (EndorsementName.QeIdentity, EndorsementName.QeIdentityIssuerChain) })
        {
            var mixed = With(With(mine, document, theirs.Endorsements[document][0]), chain, theirs.Endorsements[chain][0]);

            Rejections.AssertCode(RejectionCode.ChainUntrusted, () => Verify(mixed));
        }
    }

    [Theory]
    [InlineData("issueDate", "2026-01-16T00:00:00Z", RejectionCode.CollateralNotYetValid)]
    [InlineData("nextUpdate", "2026-01-14T00:00:00Z", RejectionCode.CollateralExpired)]
    public void Verify_CollateralNotCurrent_IsRefused(string member, string time, RejectionCode expected)
    {
        _intel.ChangeTcbInfo = info => info[member] = time;
        AssertRefused(expected);

        _intel.ChangeTcbInfo = _ => { };
        _intel.ChangeQeIdentity = identity => identity[member] = time;
        AssertRefused(expected);
    }

    [Theory]
    [InlineData("version", 4, RejectionCode.VersionUnsupported)]
    [InlineData("tcbType", 1, RejectionCode.VersionUnsupported)]
    [InlineData("fmspc", "00", RejectionCode.ValueInvalid)]
    [InlineData("fmspc", 5, RejectionCode.EncodingInvalid)]
    [InlineData("tcbLevels", "none", RejectionCode.EncodingInvalid)]
    [InlineData("issueDate", "yesterday", RejectionCode.EncodingInvalid)]
    public void Verify_TcbInfoThatIsNone_IsRefused(string member, object value, RejectionCode expected)
    {
        _intel.ChangeTcbInfo = info => info[member] = JsonValue.Create(value);

        AssertRefused(expected);
    }

    [Fact]
    public void Verify_TcbInfoWithoutAMember_IsRefused()
    {
        foreach (var member in new[] { "id", "issueDate", "nextUpdate", "fmspc", "pceId", "tcbEvaluationDataNumber", "tcbLevels", "tdxModule" })
        {
            _intel.ChangeTcbInfo = info => info.Remove(member);

            AssertRefused(RejectionCode.EncodingInvalid);
        }
    }

    [Fact]
    public void Verify_TcbLevelOfUnknownStatus_IsRefused()
    {
        _intel.ChangeTcbInfo = info => info["tcbLevels"]![0]!["tcbStatus"] = "Splendid";

        AssertRefused(RejectionCode.ValueInvalid);
    }

    [Fact]
    public void Verify_TooManyTcbLevels_IsRefused()
    {
        _intel.ChangeTcbInfo = info => info["tcbLevels"] = new JsonArray([.. Enumerable.Range(0, 257).Select(_ => info["tcbLevels"]![0]!.DeepClone())]);

        AssertRefused(RejectionCode.TooLarge);
    }

    [Theory]
    [InlineData("{}", RejectionCode.MemberMissing)]
    [InlineData("[]", RejectionCode.EncodingInvalid)]
    [InlineData("{", RejectionCode.EncodingInvalid)]
    [InlineData("{\"tcbInfo\":{}}", RejectionCode.MemberMissing)]
    [InlineData("{\"tcbInfo\":{},\"signature\":\"zz\"}", RejectionCode.EncodingInvalid)]
    [InlineData("{\"tcbInfo\":{},\"signature\":\"00\"}", RejectionCode.MemberMissing)]
    [InlineData("{\"tcbInfo\":{},\"tcbInfo\":{},\"signature\":\"00\"}", RejectionCode.MemberUnknown)]
    [InlineData("{\"tcbInfo\":{},\"more\":1,\"signature\":\"00\"}", RejectionCode.MemberUnknown)]
    public void Verify_CollateralDocumentBroken_IsRefused(string document, RejectionCode expected) =>
        Rejections.AssertCode(expected, () => Verify(With(_intel.Prove(), EndorsementName.TcbInfo, Encoding.UTF8.GetBytes(document))));

    [Fact]
    public void Verify_CollateralTooLarge_IsRefused() =>
        Rejections.AssertCode(RejectionCode.TooLarge, () => Verify(With(_intel.Prove(), EndorsementName.TcbInfo, new byte[(128 * 1024) + 1])));

    // Step 5
    [Fact]
    public void Verify_PckRevoked_IsRefused()
    {
        _intel.RevokedByAuthority.Add(ForgedIntel.PckSerial);

        AssertRefused(RejectionCode.CertificateRevoked);
    }

    [Fact]
    public void Verify_AuthorityRevoked_IsRefused()
    {
        _intel.RevokedByRoot.Add(ForgedIntel.AuthoritySerial);

        AssertRefused(RejectionCode.CertificateRevoked);
    }

    [Fact]
    public void Verify_SignerOfCollateralRevoked_IsRefused()
    {
        _intel.RevokedByRoot.Add(ForgedIntel.SignerSerial);

        AssertRefused(RejectionCode.CertificateRevoked);
    }

    [Fact]
    public void Verify_CrlSignedByAnother_IsRefused()
    {
        using var attacker = ForgedIntel.NewKey();
        _intel.PckCrlKey = attacker;

        AssertRefused(RejectionCode.CollateralSignatureInvalid);
    }

    [Fact]
    public void Verify_CrlOfAnotherAuthority_IsRefused()
    {
        _intel.PckCrlIssuer = ForgedIntel.ProcessorCa;

        AssertRefused(RejectionCode.CollateralMismatch);
    }

    [Fact]
    public void Verify_CrlsExchanged_IsRefused()
    {
        var proof = _intel.Prove();

        Rejections.AssertCode(RejectionCode.CollateralMismatch, () => Verify(With(proof, EndorsementName.RootCaCrl, proof.Endorsements[EndorsementName.PckCrl][0])));
        Rejections.AssertCode(RejectionCode.CollateralMismatch, () => Verify(With(proof, EndorsementName.PckCrl, proof.Endorsements[EndorsementName.RootCaCrl][0])));
    }

    [Fact]
    public void Verify_CrlExpired_IsRefused()
    {
        _intel.CrlNextUpdate = ForgedIntel.Now.AddDays(-1);

        AssertRefused(RejectionCode.CollateralExpired);
    }

    [Fact]
    public void Verify_CrlInHexadecimalOrPem_Holds()
    {
        var proof = _intel.Prove();
        var crl = proof.Endorsements[EndorsementName.PckCrl][0];

        Verify(With(proof, EndorsementName.PckCrl, Encoding.ASCII.GetBytes(Convert.ToHexString(crl.Span))));
        Verify(With(proof, EndorsementName.PckCrl, Encoding.ASCII.GetBytes(System.Security.Cryptography.PemEncoding.WriteString("X509 CRL", crl.Span))));
    }

    // Steps 6 to 8
    [Fact]
    public void Verify_QeReportSignedByAnother_IsRefused()
    {
        using var attacker = ForgedIntel.NewKey();
        _intel.QeReportKey = attacker;

        AssertRefused(RejectionCode.SignatureInvalid);
    }

    [Theory]
    [InlineData(320)]
    [InlineData(352)]
    public void Verify_QeReportNamesAnotherKey_IsRefused(int offset)
    {
        _intel.ChangeQeReport = report => report[offset] ^= 1;

        AssertRefused(RejectionCode.AttestationKeyUnbound);
    }

    [Fact]
    public void Verify_QuoteSignedByAnother_IsRefused()
    {
        using var attacker = ForgedIntel.NewKey();
        _intel.QuoteKey = attacker;

        AssertRefused(RejectionCode.SignatureInvalid);
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(4, 2)]
    [InlineData(5, 3)]
    public void Verify_AnyBitOfTheSignedBytesFlipped_IsRefused(ushort version, int bodyType)
    {
        (_intel.Tee, _intel.Version, _intel.BodyType) = (bodyType == 1 ? TeeKind.Sgx : TeeKind.Tdx, version, bodyType);
        var proof = _intel.Prove();
        var signedLength = DcapQuote.Parse(proof.Data).SignedBytes.Length;
        for (var index = 0; index < signedLength; index++)
        {
            var bytes = proof.Data.ToArray();
            bytes[index] ^= (byte)(1 << (index % 8));

            Assert.Throws<AttestationException>(() => VerifierOf(_intel.Tee).Verify(new(proof.Type, bytes, proof.Endorsements), EvidenceChallenge.DangerouslyNone, ForgedIntel.Now));
        }
    }

    [Fact]
    public void Verify_TruncatedAnywhere_IsRefused()
    {
        var proof = _intel.Prove();
        for (var length = 0; length < proof.Data.Length; length += 7)
        {
            Assert.Throws<AttestationException>(() => Verify(new(proof.Type, proof.Data[..length], proof.Endorsements)));
        }
    }

    // Step 9
    [Theory]
    [InlineData("id", "SGX")]
    [InlineData("fmspc", "00806F050001")]
    [InlineData("pceId", "0100")]
    public void Verify_TcbInfoAboutSomethingElse_IsRefused(string member, string value)
    {
        // What only TDX has stays in the document: the id alone is wrong.
        _intel.ChangeTcbInfo = info => info[member] = value;

        AssertRefused(RejectionCode.CollateralMismatch);
    }

    [Fact]
    public void Verify_TcbInfoOfVersion2ForTdx_IsRefused()
    {
        _intel.ChangeTcbInfo = AsVersion2;

        AssertRefused(RejectionCode.CollateralMismatch);
    }

    [Fact]
    public void Verify_TcbInfoOfVersion2ForSgx_Holds()
    {
        _intel.AsSgx();
        _intel.ChangeTcbInfo = AsVersion2;

        Assert.Equal(2, PlatformOf(Verify(_intel.Prove())).TcbInfoVersion);
    }

    [Theory]
    [InlineData("QE")]
    [InlineData("QVE")]
    public void Verify_QeIdentityOfAnotherEnclave_IsRefused(string id)
    {
        _intel.ChangeQeIdentity = identity => identity["id"] = id;

        AssertRefused(RejectionCode.CollateralMismatch);
    }

    // Step 10
    [Theory]
    [InlineData(16)]
    [InlineData(48)]
    [InlineData(128)]
    [InlineData(256)]
    public void Verify_QuotingEnclaveThatIsNotIntels_IsRefused(int offset)
    {
        _intel.ChangeQeReport = report => report[offset] ^= 1;

        AssertRefused(RejectionCode.QuotingEnclaveUnknown);
    }

    [Fact]
    public void Verify_QuotingEnclaveInBitsOutsideTheMask_Holds()
    {
        _intel.ChangeQeReport = report => report[48] |= 4;

        Verify(_intel.Prove());
    }

    [Fact]
    public void Verify_QuotingEnclaveOlderThanEveryLevel_IsRefused()
    {
        _intel.ChangeQeReport = report => report[258] = 1;

        AssertRefused(RejectionCode.TcbNotSupported);
    }

    // Step 11
    [Theory]
    [InlineData(64)]
    [InlineData(112)]
    public void Verify_ModuleThatIsNotIntels_IsRefused(int offset)
    {
        _intel.ChangeBody = body => body[offset] ^= 1;

        AssertRefused(RejectionCode.ModuleUnknown);
    }

    [Fact]
    public void Verify_ModuleOfAnUnknownGeneration_IsRefused()
    {
        _intel.ChangeBody = body => body[1] = 9;

        AssertRefused(RejectionCode.TcbNotSupported);
    }

    [Fact]
    public void Verify_ModuleOfTheFirstGeneration_IsJudgedWithThePlatform()
    {
        _intel.BodyType = 2;
        _intel.ChangeBody = body => (body[0], body[1]) = (9, 0);
        _intel.ChangeTcbInfo = info => info["tcbLevels"]!.AsArray().ToList().ForEach(level => level!["tcb"]!["tdxtcbcomponents"]![1]!["svn"] = 0);

        var tcb = PlatformOf(Verify(_intel.Prove())).Tcb;

        Assert.Null(tcb.ModuleStatus);
        _intel.ChangeBody = body => (body[0], body[1]) = (8, 0);
        AssertRefused(RejectionCode.TcbNotSupported);
    }

    // Step 12
    [Theory]
    [InlineData(0, TcbStatus.UpToDate)]
    [InlineData(1, TcbStatus.OutOfDate)]
    [InlineData(2, TcbStatus.Revoked)]
    public void Verify_OlderPlatform_GetsTheLevelThatItReaches(int older, TcbStatus expected)
    {
        _intel.Components[0] -= (byte)older;

        Assert.Equal(expected, PlatformOf(Verify(_intel.Prove())).Tcb.PlatformStatus);
    }

    [Fact]
    public void Verify_PlatformBelowEveryLevel_IsRefused()
    {
        _intel.Components[0] = 2;
        AssertRefused(RejectionCode.TcbNotSupported);

        _intel.Components[0] = 5;
        _intel.PceSvn = 4;
        AssertRefused(RejectionCode.TcbNotSupported);

        _intel.PceSvn = 11;
        _intel.ChangeBody = body => body[2] = body[584 + 2] = 2;
        AssertRefused(RejectionCode.TcbNotSupported);
    }

    [Fact]
    public void Verify_ModuleBelowEveryLevel_IsRefused()
    {
        _intel.ChangeBody = body => body[0] = 2;

        AssertRefused(RejectionCode.TcbNotSupported);
    }

    [Fact]
    public void Verify_ModuleRunningNowBelowEveryLevel_IsRefused()
    {
        _intel.ChangeBody = body => body[584] = 2;

        AssertRefused(RejectionCode.TcbNotSupported);
    }

    [Theory]
    [InlineData(4, 4, TcbStatus.OutOfDate)]
    [InlineData(4, 6, TcbStatus.TDRelaunchAdvised)]
    [InlineData(6, 4, TcbStatus.OutOfDate)]
    public void Verify_ModuleUpdatedAfterLaunch_AdvisesRelaunch(byte launch, byte current, TcbStatus expected)
    {
        _intel.ChangeBody = body => (body[0], body[584]) = (launch, current);

        Assert.Equal(expected, PlatformOf(Verify(_intel.Prove())).Tcb.Status);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Verify_ModuleRevokedAtLaunchOrNow_IsRevoked(int which)
    {
        _intel.ChangeBody = body => body[which == 0 ? 0 : 584] = 4;
        _intel.ChangeTcbInfo = info => info["tdxModuleIdentities"]![0]!["tcbLevels"]![1]!["tcbStatus"] = "Revoked";

        var tcb = PlatformOf(Verify(_intel.Prove())).Tcb;

        Assert.Equal(TcbStatus.Revoked, tcb.Status);
        Assert.Equal(["INTEL-SA-00002"], tcb.Advisories);
        Assert.Equal(new(2024, 10, 1, 0, 0, 0, TimeSpan.Zero), tcb.Date);
    }

    [Fact]
    public void Verify_ThirdCertificateInTheSignersChain_IsRefused()
    {
        var proof = _intel.Prove();
        var chain = Encoding.ASCII.GetBytes(_intel.ThreeStepSignerPem());

        Rejections.AssertCode(RejectionCode.CollateralSignatureInvalid, () => Verify(With(proof, EndorsementName.TcbInfoIssuerChain, chain)));
    }

    [Fact]
    public void Verify_ModuleUpdatedOnAPlatformToBeConfigured_SaysBoth()
    {
        _intel.ChangeBody = body => (body[0], body[584]) = (4, 6);
        _intel.ChangeTcbInfo = info => info["tcbLevels"]![0]!["tcbStatus"] = "ConfigurationNeeded";

        Assert.Equal(TcbStatus.TDRelaunchAdvisedConfigurationNeeded, PlatformOf(Verify(_intel.Prove())).Tcb.Status);
    }

    [Theory]
    [InlineData("UpToDate", TcbStatus.OutOfDate)]
    [InlineData("SWHardeningNeeded", TcbStatus.OutOfDate)]
    [InlineData("ConfigurationNeeded", TcbStatus.OutOfDateConfigurationNeeded)]
    [InlineData("ConfigurationAndSWHardeningNeeded", TcbStatus.OutOfDateConfigurationNeeded)]
    [InlineData("OutOfDateConfigurationNeeded", TcbStatus.OutOfDateConfigurationNeeded)]
    [InlineData("Revoked", TcbStatus.Revoked)]
    public void Verify_QuotingEnclaveOutOfDate_TakesThePlatformWithIt(string platform, TcbStatus expected)
    {
        _intel.AsSgx();
        _intel.ChangeQeReport = report => report[258] = 3;
        _intel.ChangeTcbInfo = info => info["tcbLevels"]![0]!["tcbStatus"] = platform;

        var tcb = PlatformOf(Verify(_intel.Prove())).Tcb;

        Assert.Equal(expected, tcb.Status);
        Assert.Equal(new(2024, 12, 1, 0, 0, 0, TimeSpan.Zero), tcb.Date);
    }

    [Fact]
    public void Verify_QuotingEnclaveRevoked_IsReportedRevoked()
    {
        _intel.ChangeQeIdentity = identity => identity["tcbLevels"]![0]!["tcbStatus"] = "Revoked";

        Assert.Equal(TcbStatus.Revoked, PlatformOf(Verify(_intel.Prove())).Tcb.Status);
    }

    [Fact]
    public void Verify_AdvisoriesOfSeveralParts_AreUnited()
    {
        _intel.Components[0]--;
        _intel.ChangeBody = body => body[0] = body[584] = 4;

        Assert.Equal(["INTEL-SA-00001", "INTEL-SA-00002"], PlatformOf(Verify(_intel.Prove())).Tcb.Advisories);
    }

    [Fact]
    public void Verify_ProcessorCa_HasNoPlatformConfiguration()
    {
        _intel.AuthorityName = ForgedIntel.ProcessorCa;

        var platform = PlatformOf(Verify(_intel.Prove()));

        Assert.Equal(PckCa.Processor, platform.PckCa);
        Assert.Null(platform.Pck.PlatformInstanceId);
        Assert.Null(platform.Pck.SmtEnabled);
    }

    [Fact]
    public void Verify_PckWithoutIntelsExtension_IsRefused()
    {
        _intel.PckHasExtension = false;

        AssertRefused(RejectionCode.MemberMissing);
    }

    [Fact]
    public void Verify_PckOfUnknownSgxType_IsRefused()
    {
        _intel.PckSgxType = 9;

        AssertRefused(RejectionCode.ValueInvalid);
    }

    // The challenge
    [Fact]
    public void Verify_OtherReportDataThanExpected_IsRefused()
    {
        var other = EvidenceChallenge.Exactly(new byte[64]);

        Rejections.AssertCode(RejectionCode.ReportDataMismatch, () => VerifierOf(TeeKind.Tdx).Verify(_intel.Prove(), other, ForgedIntel.Now));
        _intel.AsSgx();
        Rejections.AssertCode(RejectionCode.ReportDataMismatch, () => VerifierOf(TeeKind.Sgx).Verify(_intel.Prove(), other, ForgedIntel.Now));
    }

    [Fact]
    public void Verify_NothingExpected_IsNotFresh() =>
        Assert.False(VerifierOf(TeeKind.Tdx).Verify(_intel.Prove(), EvidenceChallenge.DangerouslyNone, ForgedIntel.Now).IsFresh);

    private static DcapPlatform PlatformOf(VerifiedEvidence evidence) => evidence is VerifiedSgx sgx ? sgx.Platform : ((VerifiedTdx)evidence).Platform;

    private static TeeEvidence With(TeeEvidence evidence, string name, ReadOnlyMemory<byte> value) =>
        evidence.With(new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> { [name] = [value] });

    private static void AsVersion2(JsonObject info)
    {
        info["version"] = 2;
        foreach (var level in info["tcbLevels"]!.AsArray())
        {
            var tcb = level!["tcb"]!.AsObject();
            var components = tcb["sgxtcbcomponents"]!.AsArray();
            for (var index = 0; index < components.Count; index++)
            {
                tcb[$"sgxtcbcomp{index + 1:00}svn"] = components[index]!["svn"]!.DeepClone();
            }

            tcb.Remove("sgxtcbcomponents");
        }
    }

    private ITeeVerifier VerifierOf(TeeKind tee) => TeeVerifiers.DangerouslyTrusting(tee, _intel.Root);

    private VerifiedEvidence Verify(TeeEvidence evidence) => VerifierOf(_intel.Tee).Verify(evidence, EvidenceChallenge.Exactly(_intel.ReportData), ForgedIntel.Now);

    private void AssertRefused(RejectionCode expected) => Rejections.AssertCode(expected, () => Verify(_intel.Prove()));
}
