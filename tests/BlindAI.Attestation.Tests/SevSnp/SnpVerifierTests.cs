using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.SevSnp;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.SevSnp;

/// <summary>Each step of the verifier, on forged hardware.</summary>
public sealed class SnpVerifierTests
{
    private static readonly EvidenceChallenge Challenge = EvidenceChallenge.Exactly(ForgedSnp.ReportData);

    [Theory]
    [InlineData(SnpProduct.Milan, SnpSigningKey.VCEK)]
    [InlineData(SnpProduct.Genoa, SnpSigningKey.VCEK)]
    [InlineData(SnpProduct.Turin, SnpSigningKey.VCEK)]
    [InlineData(SnpProduct.Milan, SnpSigningKey.VLEK)]
    [InlineData(SnpProduct.Genoa, SnpSigningKey.VLEK)]
    [InlineData(SnpProduct.Turin, SnpSigningKey.VLEK)]
    public void Verify_GenuineReport_NamesProductTcbAndChip(SnpProduct product, SnpSigningKey signingKey)
    {
        var forged = new ForgedSnp(product, signingKey);

        var verified = Verify(forged);

        Assert.Equal(product, verified.Product);
        Assert.Equal(new SnpTcb { Fmc = product == SnpProduct.Turin ? 1 : null, Bootloader = 10, Tee = 2, Snp = 23, Microcode = 84 }, verified.ReportedTcb);
        Assert.Equal(signingKey == SnpSigningKey.VCEK, verified.Machine.ChipId is not null);
        Assert.Equal(signingKey == SnpSigningKey.VLEK ? "CN=cloud.example.org" : null, verified.CspId);
        Assert.True(verified.IsFresh);
        Assert.False(verified.CrlChecked);
        Assert.Equal(forged.LeafNotAfter, verified.ValidUntil);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Verify_EachKnownVersion_HasTheFieldsOfIt(byte version)
    {
        var report = Verify(new ForgedSnp().Set(0, [version])).Report;

        Assert.Equal(version >= 3, report.Cpuid is not null);
        Assert.Equal(version >= 5, report.LaunchMitVector is not null);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    public void Verify_UnknownVersion_IsRefused(byte version) => AssertRefused(RejectionCode.VersionUnsupported, new ForgedSnp().Set(0, [version]));

    [Fact]
    public void Verify_TruncatedAtAnyByte_IsRefused()
    {
        var evidence = new ForgedSnp().Prove();
        for (var length = 0; length < evidence.Data.Length; length++)
        {
            AssertRefused(RejectionCode.Truncated, new TeeEvidence(evidence.Type, evidence.Data[..length], evidence.Endorsements));
        }
    }

    [Fact]
    public void Verify_TrailingByte_IsRefused()
    {
        var evidence = new ForgedSnp().Prove();

        AssertRefused(RejectionCode.TrailingBytes, new TeeEvidence(evidence.Type, new byte[SnpReport.Length + 1], evidence.Endorsements));
    }

    [Fact]
    public void Verify_VersionFromBeforeTheProduct_IsRefused() => AssertRefused(RejectionCode.CertificateMismatch, new ForgedSnp(SnpProduct.Turin).Set(0x000, [2]));

    [Fact]
    public void Verify_OtherSignatureAlgorithm_IsRefused() => AssertRefused(RejectionCode.AlgorithmUnsupported, new ForgedSnp().Set(0x034, [2]));

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    public void Verify_ReservedSigningKey_IsRefused(int key) => AssertRefused(RejectionCode.ValueInvalid, new ForgedSnp().Set(0x048, [(byte)(key << 2)]));

    [Fact]
    public void Verify_PolicyBit17IsZero_IsRefused() => AssertRefused(RejectionCode.ValueInvalid, new ForgedSnp().Set(0x00A, [0x01]));

    [Fact]
    public void Verify_BitsWithoutName_AreData()
    {
        var report = Verify(new ForgedSnp().Set(0x00C, [0xFF, 0xFF, 0xFF, 0xFF]).Set(0x041, [0xFF]).Set(0x208, ForgedSnp.Bytes(152, 0xFF))).Report;

        Assert.Equal(0xFF25u, report.PlatformInfo);
    }

    [Theory]
    [InlineData(0x2A0 + 48)]   // behind R
    [InlineData(0x2A0 + 71)]
    [InlineData(0x2A0 + 72 + 48)]   // behind S
    [InlineData(0x2A0 + 144)]   // reserved
    [InlineData(0x49F)]
    public void Verify_BytesBesideTheSignature_AreRefused(int offset) => AssertRefused(RejectionCode.EncodingInvalid, Changed(offset, 1));

    [Fact]
    public void Verify_BitOfAnySignedByteFlipped_IsRefused()
    {
        var evidence = new ForgedSnp().Prove();
        for (var bit = 0; bit < 0x2A0 * 8; bit += 3)   // every byte, at changing bits
        {
            var bytes = evidence.Data.ToArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));

            Assert.Throws<AttestationException>(() => Verify(new TeeEvidence(evidence.Type, bytes, evidence.Endorsements)));
        }
    }

    [Theory]
    [InlineData(0x090)]
    [InlineData(0x2A0)]
    [InlineData(0x2A0 + 72)]
    public void Verify_ChangedReportOrSignature_IsRefused(int offset) => AssertRefused(RejectionCode.SignatureInvalid, Changed(offset, 1));

    [Fact]
    public void Verify_LeafWithKeyOfAnotherCurve_IsRefused() => AssertRefused(RejectionCode.AlgorithmUnsupported, new ForgedSnp { LeafHasP256Key = true });

    [Theory]
    [InlineData(EndorsementName.Leaf)]
    [InlineData(EndorsementName.Ask)]
    [InlineData(EndorsementName.Ark)]
    public void Verify_MissingCertificate_IsUndecided(string name)
    {
        var forged = new ForgedSnp();
        var evidence = forged.Prove();
        var endorsements = forged.Endorsements();
        endorsements.Remove(name);

        AssertRefused(RejectionCode.CollateralMissing, new TeeEvidence(evidence.Type, evidence.Data, endorsements));
    }

    [Fact]
    public void Verify_TwoCertificatesInOnePlace_AreRefused()
    {
        var forged = new ForgedSnp();
        var pem = string.Concat(new[] { forged.IssueAsk(), forged.IssueArk() }.Select(der => System.Security.Cryptography.PemEncoding.WriteString("CERTIFICATE", der) + "\n"));

        AssertRefused(RejectionCode.ValueInvalid, forged.Prove().With(new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> { [EndorsementName.Ask] = [System.Text.Encoding.ASCII.GetBytes(pem)] }));
    }

    [Theory]
    [InlineData(0x19, 0x20)]
    [InlineData(0x19, 0xB0)]
    [InlineData(0x1A, 0x12)]
    [InlineData(0x18, 0x01)]
    public void Verify_UnknownProcessor_IsRefused(byte family, byte model) => AssertRefused(RejectionCode.VersionUnsupported, new ForgedSnp().Set(0x188, [family, model]));

    [Theory]
    [InlineData(0x19, 0x0F, SnpProduct.Milan)]
    [InlineData(0x19, 0x10, SnpProduct.Genoa)]
    [InlineData(0x19, 0xA0, SnpProduct.Genoa)]
    [InlineData(0x19, 0xAF, SnpProduct.Genoa)]
    [InlineData(0x1A, 0x00, SnpProduct.Turin)]
    [InlineData(0x1A, 0x11, SnpProduct.Turin)]
    public void Verify_ProcessorByItsNumbers_HasTheProduct(byte family, byte model, SnpProduct product) =>
        Assert.Equal(product, Verify(new ForgedSnp(product).Set(0x188, [family, model])).Product);

    [Fact]
    public void Verify_RootOfAnotherProduct_IsRefused() => AssertRefused(RejectionCode.CertificateMismatch, new ForgedSnp { ArkName = "ARK-Milan" });

    [Fact]
    public void Verify_OldReportUnderUnknownRoot_IsRefused() => AssertRefused(RejectionCode.CertificateMismatch, new ForgedSnp { ArkName = "ARK-Rome" }.Set(0, [2]));

    [Theory]
    [InlineData(SnpProduct.Milan)]
    [InlineData(SnpProduct.Genoa)]
    [InlineData(SnpProduct.Turin)]
    public void Verify_SelfMadeRoot_IsRefusedByAmdsPins(SnpProduct product) =>
        Rejections.AssertCode(RejectionCode.ChainUntrusted, () => new SnpVerifier().Verify(new ForgedSnp(product).Prove(), Challenge, ForgedEnclave.Now));

    [Fact]
    public void AmdRoots_ArkOfEachVector_VouchesForItsProductAlone()
    {
        foreach (var (vector, product) in new[] { ("trustee-milan-v2", SnpProduct.Milan), ("microsoft-genoa-v3", SnpProduct.Genoa), ("microsoft-turin-v5", SnpProduct.Turin) })
        {
            var evidence = Tests.Evidence.SharedVectors.Read("snp", vector).Evidence;
            var ark = Attestation.Evidence.Certificates.Pem.ReadCertificates(evidence.Endorsements[EndorsementName.Ark][0])[0];

            Assert.All(Enum.GetValues<SnpProduct>(), other => Assert.Equal(other == product, AmdRoots.Of(other).Contains(ark)));
        }
    }

    [Fact]
    public void Verify_AskSignedByStranger_IsRefused() => AssertRefused(RejectionCode.ChainUntrusted, new ForgedSnp { SignAskWithOtherKey = true });

    [Fact]
    public void Verify_LeafSignedByStranger_IsRefused() => AssertRefused(RejectionCode.ChainUntrusted, new ForgedSnp { SignLeafWithOtherKey = true });

    [Fact]
    public void Verify_AskWithoutAuthority_IsRefused() => AssertRefused(RejectionCode.ChainUntrusted, new ForgedSnp { AskIsAuthority = false });

    [Fact]
    public void Verify_ExpiredLeaf_IsRefused() => AssertRefused(RejectionCode.CertificateNotInValidity, new ForgedSnp { LeafNotAfter = ForgedEnclave.Now.AddDays(-1) });

    [Theory]
    [InlineData("SEV-VLEK-Genoa")]
    [InlineData("SEV-Milan")]
    [InlineData("SEV-Genoa-2")]
    public void Verify_IssuerOfOtherKeys_IsRefused(string name) => AssertRefused(RejectionCode.CertificateMismatch, new ForgedSnp { AskName = name });

    [Fact]
    public void Verify_VlekReportUnderAsk_IsRefused() => AssertRefused(RejectionCode.CertificateMismatch, new ForgedSnp(signingKey: SnpSigningKey.VLEK) { AskName = "SEV-Genoa" });

    [Fact]
    public void Verify_CurrentCrl_IsChecked()
    {
        var verified = Verify(new ForgedSnp { HasCrl = true });

        Assert.True(verified.CrlChecked);
        Assert.True(verified.ToJson()["crl_checked"]!.GetValue<bool>());
        Assert.Equal(ForgedEnclave.Now.AddMonths(6), verified.ValidUntil);
    }

    [Fact]
    public void Verify_RevokedAsk_IsRefused() => AssertRefused(RejectionCode.CertificateRevoked, new ForgedSnp { HasCrl = true, CrlRevokesAsk = true });

    [Fact]
    public void Verify_CrlOfStranger_IsRefused() => AssertRefused(RejectionCode.CollateralSignatureInvalid, new ForgedSnp { HasCrl = true, SignCrlWithOtherKey = true });

    [Fact]
    public void Verify_CrlOfAnotherProduct_IsRefused() => AssertRefused(RejectionCode.CollateralMismatch, new ForgedSnp { HasCrl = true, CrlIssuer = "ARK-Milan" });

    [Fact]
    public void Verify_ExpiredCrl_IsRefused() => AssertRefused(RejectionCode.CollateralExpired, new ForgedSnp { HasCrl = true, CrlNextUpdate = ForgedEnclave.Now.AddDays(-1) });

    [Fact]
    public void Verify_CrlOfTheFuture_IsRefused() => AssertRefused(RejectionCode.CollateralNotYetValid, new ForgedSnp { HasCrl = true, CrlThisUpdate = ForgedEnclave.Now.AddDays(1) });

    [Theory]
    [InlineData(SnpProduct.Milan, "3.1")]
    [InlineData(SnpProduct.Milan, "3.2")]
    [InlineData(SnpProduct.Milan, "3.3")]
    [InlineData(SnpProduct.Milan, "3.4")]
    [InlineData(SnpProduct.Milan, "3.7")]
    [InlineData(SnpProduct.Milan, "3.8")]
    [InlineData(SnpProduct.Turin, "3.1")]
    [InlineData(SnpProduct.Turin, "3.2")]
    [InlineData(SnpProduct.Turin, "3.3")]
    [InlineData(SnpProduct.Turin, "3.5")]
    [InlineData(SnpProduct.Turin, "3.8")]
    [InlineData(SnpProduct.Turin, "3.9")]
    public void Verify_LeafOfAnotherTcb_IsRefused(SnpProduct product, string extension)
    {
        var other = new ForgedSnp(product) { LeafExtensions = { [extension] = ForgedSnp.Spl(217) } };
        var absent = new ForgedSnp(product);
        absent.LeafExtensions.Remove(extension);

        AssertRefused(RejectionCode.CertificateMismatch, other);
        AssertRefused(RejectionCode.CertificateMismatch, absent);
    }

    [Fact]
    public void Verify_SplAbove127_IsReadAsANumber()
    {
        var forged = new ForgedSnp { LeafExtensions = { ["3.8"] = ForgedSnp.Spl(217) } }.Set(0x187, [217]);

        Assert.Equal(217, Verify(forged).ReportedTcb.Microcode);
    }

    [Fact]
    public void Verify_MilanLeafWithFmc_IsRefused() => AssertRefused(RejectionCode.CertificateMismatch, new ForgedSnp(SnpProduct.Milan) { LeafExtensions = { ["3.9"] = ForgedSnp.Spl(0) } });

    [Fact]
    public void Verify_LeafOfAnotherProduct_IsRefused() => AssertRefused(RejectionCode.CertificateMismatch, new ForgedSnp { LeafExtensions = { ["2"] = ForgedSnp.Text("Genoan") } });

    [Fact]
    public void Verify_ProductWithStepping_IsTheProduct() => Verify(new ForgedSnp { LeafExtensions = { ["2"] = ForgedSnp.Text("Genoa-B1") } });

    [Theory]
    [InlineData("1", RejectionCode.MemberMissing)]
    [InlineData("2", RejectionCode.MemberMissing)]
    [InlineData("4", RejectionCode.CertificateMismatch)]
    public void Verify_LeafWithoutExtension_IsRefused(string extension, RejectionCode code)
    {
        var forged = new ForgedSnp();
        forged.LeafExtensions.Remove(extension);

        AssertRefused(code, forged);
    }

    [Fact]
    public void Verify_ExtensionsThatAreNoValues_AreRefused()
    {
        AssertRefused(RejectionCode.ValueInvalid, new ForgedSnp { LeafExtensions = { ["3.1"] = ForgedSnp.Spl(256) } });
        AssertRefused(RejectionCode.ValueInvalid, new ForgedSnp { LeafExtensions = { ["3.1"] = ForgedSnp.Spl(-1) } });
        AssertRefused(RejectionCode.EncodingInvalid, new ForgedSnp { LeafExtensions = { ["3.1"] = [.. ForgedSnp.Spl(10), 0] } });
        AssertRefused(RejectionCode.EncodingInvalid, new ForgedSnp { LeafExtensions = { ["2"] = [0x0C, 1, (byte)'x'] } });
        AssertRefused(RejectionCode.EncodingInvalid, new ForgedSnp { LeafExtensions = { ["2"] = [.. ForgedSnp.Text("Genoa"), 0] } });
    }

    [Theory]
    [InlineData(SnpProduct.Genoa, 63)]
    [InlineData(SnpProduct.Turin, 7)]
    [InlineData(SnpProduct.Turin, 8)]   // a zero of the padding
    [InlineData(SnpProduct.Turin, 63)]
    public void Verify_LeafOfAnotherChip_IsRefused(SnpProduct product, int at) => AssertRefused(RejectionCode.CertificateMismatch, new ForgedSnp(product).Set(0x1A0 + at, [0x55]));

    [Fact]
    public void Verify_HwIdOfAnotherLength_IsRefused()
    {
        byte[] padded = [.. ForgedSnp.Bytes(8, 0xC1), .. new byte[56]];
        AssertRefused(RejectionCode.CertificateMismatch, new ForgedSnp(SnpProduct.Turin) { LeafExtensions = { ["4"] = padded } });
        AssertRefused(RejectionCode.CertificateMismatch, new ForgedSnp { LeafExtensions = { ["4"] = padded[..8] } }.Set(0x1A0, padded));
    }

    [Fact]
    public void Verify_MaskedChip_HasNoMachine()
    {
        var verified = Verify(new ForgedSnp().Set(0x048, [2]).Set(0x1A0, new byte[64]));

        Assert.Equal(MachineIdentity.None, verified.Machine);
        AssertRefused(RejectionCode.CertificateMismatch, new ForgedSnp().Set(0x048, [2]));
        AssertRefused(RejectionCode.CertificateMismatch, new ForgedSnp().Set(0x1A0, new byte[64]));
    }

    [Fact]
    public void Verify_VlekOfOneChip_IsRefused() => AssertRefused(RejectionCode.CertificateMismatch, new ForgedSnp(signingKey: SnpSigningKey.VLEK) { LeafExtensions = { ["4"] = new byte[64] } });

    [Fact]
    public void Verify_VlekReportThatNamesItsChip_HasTheMachine() =>
        Assert.NotNull(Verify(new ForgedSnp(signingKey: SnpSigningKey.VLEK).Set(0x1A0, ForgedSnp.Bytes(64, 9))).Machine.ChipId);

    [Fact]
    public void Verify_OtherReportData_IsRefused() => AssertRefused(RejectionCode.ReportDataMismatch, new ForgedSnp().Set(0x050, [0]));

    [Fact]
    public void JudgeByDefault_DebugOrMigration_IsRefused()
    {
        ForgedSnp.Verifier.JudgeByDefault(Verify(new ForgedSnp()));
        Rejections.AssertCode(RejectionCode.DebugNotAccepted, () => ForgedSnp.Verifier.JudgeByDefault(Verify(new ForgedSnp().Set(0x00A, [0x0B]))));
        Rejections.AssertCode(RejectionCode.GuestNotAccepted, () => ForgedSnp.Verifier.JudgeByDefault(Verify(new ForgedSnp().Set(0x00A, [0x07]))));
    }

    [Fact]
    public void Show_ReportAlone_KnowsProductByItsProcessorOnly()
    {
        var old = new SnpVerifier().Show(new(TeeKind.SevSnp.EvidenceType, new ForgedSnp().Set(0, [2]).Prove().Data));
        var current = new SnpVerifier().Show(new(TeeKind.SevSnp.EvidenceType, new ForgedSnp().Prove().Data));

        Assert.False(old.ContainsKey("product"));
        Assert.Equal("Genoa", current["product"]!.GetValue<string>());
        Assert.False(current.ContainsKey("crl_checked"));
    }

    private static TeeEvidence Changed(int offset, byte mask)
    {
        var evidence = new ForgedSnp().Prove();
        var bytes = evidence.Data.ToArray();
        bytes[offset] ^= mask;
        return new(evidence.Type, bytes, evidence.Endorsements);
    }

    private static VerifiedSnp Verify(ForgedSnp forged) => Verify(forged.Prove());

    private static VerifiedSnp Verify(TeeEvidence evidence) => Assert.IsType<VerifiedSnp>(ForgedSnp.Verifier.Verify(evidence, Challenge, ForgedEnclave.Now));

    private static void AssertRefused(RejectionCode code, ForgedSnp forged) => AssertRefused(code, forged.Prove());

    private static void AssertRefused(RejectionCode code, TeeEvidence evidence) => Rejections.AssertCode(code, () => Verify(evidence));
}
