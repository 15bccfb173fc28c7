using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.SevSnp;
using BlindAI.Attestation.Tdx;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.AzureVtpm;

/// <summary>Each step of the verifier, on forged hardware.</summary>
public sealed class AzureVerifierTests
{
    private static readonly EvidenceChallenge Challenge = EvidenceChallenge.Exactly(ForgedAzure.Nonce);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Verify_GuestOfSnp_ProvesQuoteDownToTheChip(uint hash)
    {
        var verified = Verify(new ForgedAzure { RuntimeDataHash = hash });

        Assert.IsType<VerifiedSnp>(verified.Hardware);
        Assert.Equal(verified.Hardware.Machine, verified.Machine);
        Assert.Equal(verified.Hardware.ValidUntil, verified.ValidUntil);
        Assert.True(verified.IsFresh);
        Assert.Equal(ForgedSnp.Bytes(32, 23), verified.FindPcr(23)!.Bytes.ToArray());
        Assert.True(verified.RuntimeData.SecureBoot);
    }

    [Fact]
    public void Verify_GuestOfTdx_ProvesQuoteDownToThePlatform()
    {
        using var intel = new ForgedIntel();

        var verified = Verify(new ForgedAzure { Tdx = intel });

        Assert.IsType<VerifiedTdx>(verified.Hardware);
        Assert.NotNull(verified.Machine.Ppid);
    }

    [Fact]
    public void Verify_TdQuoteOfAnotherParavisor_IsRefused()
    {
        using var intel = new ForgedIntel();
        var evidence = new ForgedAzure { Tdx = intel }.Prove();
        intel.ReportData = new byte[64];
        var other = intel.Prove();
        var endorsements = evidence.Endorsements.Concat(other.Endorsements).DistinctBy(pair => pair.Key).ToDictionary();
        endorsements[EndorsementName.Quote] = [other.Data];

        Rejections.AssertCode(RejectionCode.RuntimeDataUnbound, () => TeeVerifiers.DangerouslyTrusting(TeeKind.AzureVtpm, intel.Root)
            .Verify(new(evidence.Type, evidence.Data, endorsements), Challenge, ForgedAzure.Now));
    }

    [Fact]
    public void Verify_Claims_AreAnsweredByTheirDigest()
    {
        var reportData = ReportData.ForClaims("claims"u8);
        var forged = new ForgedAzure { ExtraData = SHA256.HashData(reportData.Bytes) };

        forged.Verifier().Verify(forged.Prove(), EvidenceChallenge.ForClaims(reportData, null), ForgedAzure.Now);
        Rejections.AssertCode(RejectionCode.ReportDataMismatch, () => forged.Verifier().Verify(forged.Prove(), EvidenceChallenge.ForClaims(ReportData.ForClaims("other"u8), null), ForgedAzure.Now));
    }

    [Fact]
    public void Verify_NoChallenge_IsNotFresh()
    {
        var forged = new ForgedAzure();

        Assert.False(forged.Verifier().Verify(forged.Prove(), EvidenceChallenge.DangerouslyNone, ForgedAzure.Now).IsFresh);
    }

    [Fact]
    public void Verify_OtherNonce_IsRefused() => AssertRefused(RejectionCode.NonceMismatch, new ForgedAzure { ExtraData = new byte[32] });

    [Theory]
    [InlineData(EndorsementName.HclReport)]
    [InlineData(EndorsementName.TpmQuoteSignature)]
    [InlineData(EndorsementName.Pcrs)]
    [InlineData(EndorsementName.Leaf)]
    public void Verify_MissingPart_IsUndecided(string name) => AssertRefused(RejectionCode.CollateralMissing, new ForgedAzure { Absent = { name } });

    [Fact]
    public void Verify_MissingTdQuote_IsUndecided()
    {
        using var intel = new ForgedIntel();

        AssertRefused(RejectionCode.CollateralMissing, new ForgedAzure { Tdx = intel, Absent = { EndorsementName.Quote } });
    }

    [Fact]
    public void Verify_HclReportWithoutQuote_IsUndecided()
    {
        var forged = new ForgedAzure { ChangeQuote = _ => [] };

        AssertRefused(RejectionCode.CollateralMissing, forged);
    }

    [Fact]
    public void Verify_HardwareUnderAnotherRoot_IsRefused()
    {
        var evidence = new ForgedAzure().Prove();

        Rejections.AssertCode(RejectionCode.ChainUntrusted, () => new AzureVerifier().Verify(evidence, Challenge, ForgedAzure.Now));
    }

    [Fact]
    public void Verify_RuntimeDataThatHardwareDoesNotName_AreRefused() =>
        AssertRefused(RejectionCode.RuntimeDataUnbound, new ForgedAzure { ChangeRuntimeData = bytes => [.. bytes, (byte)' '] });

    [Theory]
    [InlineData(0)]
    [InlineData(600)]
    public void Verify_AnyByteOfRuntimeDataChanged_IsRefused(int start)
    {
        var length = Encoding.UTF8.GetByteCount(new ForgedAzure().RuntimeData.ToJsonString());
        for (var at = start; at < Math.Min(start + 600, length); at += 7)
        {
            var changed = at;
            AssertRefused(RejectionCode.RuntimeDataUnbound, new ForgedAzure { ChangeRuntimeData = bytes => Flip(bytes, changed) });
        }
    }

    [Fact]
    public void Verify_QuoteByAnotherKey_IsRefused() => AssertRefused(RejectionCode.SignatureInvalid, new ForgedAzure { SignQuoteWithOtherKey = true });

    [Fact]
    public void Verify_BitOfAnySignedByteFlipped_IsRefused()
    {
        var forged = new ForgedAzure();
        var evidence = forged.Prove();
        var verifier = forged.Verifier();
        for (var bit = 0; bit < evidence.Data.Length * 8; bit += 3)
        {
            var bytes = evidence.Data.ToArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));

            Assert.Throws<AttestationException>(() => verifier.Verify(new(evidence.Type, bytes, evidence.Endorsements), Challenge, ForgedAzure.Now));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(23)]
    public void Verify_RegisterValueThatWasNotQuoted_IsRefused(int register) => AssertRefused(RejectionCode.RegistersMismatch, new ForgedAzure
    {
        ChangePcrs = bytes =>
        {
            var values = JsonNode.Parse(bytes)!.AsArray();
            values[register] = new string('a', 64);
            return Encoding.UTF8.GetBytes(values.ToJsonString());
        },
    });

    [Fact]
    public void Verify_OtherBankOrSeveralOrNone_IsRefused()
    {
        AssertRefused(RejectionCode.RegistersMismatch, With(0x0004, [0xFF, 0xFF, 0xFF]));
        AssertRefused(RejectionCode.RegistersMismatch, new ForgedAzure { Selections = { (TpmPcrSelection.Sha256, [0]) } });
        var none = new ForgedAzure();
        none.Selections.Clear();
        AssertRefused(RejectionCode.RegistersMismatch, none);
        AssertRefused(RejectionCode.RegistersMismatch, With(TpmPcrSelection.Sha256, [0xFF, 0xFF, 0xFF], forgedDigest: true));
    }

    [Fact]
    public void Verify_SomeRegisters_ProvesThoseAlone()
    {
        var verified = Verify(With(TpmPcrSelection.Sha256, [0x80, 0x08]));

        Assert.Equal([7, 11], Enumerable.Range(0, 24).Where(register => verified.FindPcr(register) is not null));
    }

    [Fact]
    public void Verify_MalformedQuote_IsRefused()
    {
        AssertRefused(RejectionCode.EncodingInvalid, new ForgedAzure { ChangeQuote = bytes => Flip(bytes, 0) });
        AssertRefused(RejectionCode.ValueInvalid, new ForgedAzure { ChangeQuote = bytes => Flip(bytes, 5) });   // another signed structure
        AssertRefused(RejectionCode.TooLarge, new ForgedAzure { ChangeQuote = bytes => Flip(bytes, 6) });
        AssertRefused(RejectionCode.TooLarge, new ForgedAzure { ExtraData = new byte[65] });
        AssertRefused(RejectionCode.TooLarge, With(TpmPcrSelection.Sha256, new byte[5]));
        AssertRefused(RejectionCode.TrailingBytes, new ForgedAzure { ChangeQuote = bytes => [.. bytes, 0] });
        var many = new ForgedAzure();
        many.Selections.AddRange(Enumerable.Repeat((TpmPcrSelection.Sha256, new byte[3]), 16));
        AssertRefused(RejectionCode.TooLarge, many);
        var length = new ForgedAzure().Prove().Data.Length;
        for (var shorter = 1; shorter < length; shorter++)
        {
            var cut = shorter;
            AssertRefused(RejectionCode.Truncated, new ForgedAzure { ChangeQuote = bytes => bytes[..cut] });
        }
    }

    [Theory]
    [InlineData(0, RejectionCode.EncodingInvalid)]   // magic
    [InlineData(4, RejectionCode.VersionUnsupported)]
    [InlineData(8, RejectionCode.ValueInvalid)]   // length
    [InlineData(12, RejectionCode.ValueInvalid)]   // request type
    [InlineData(1216, RejectionCode.ValueInvalid)]   // length of the runtime data
    [InlineData(1220, RejectionCode.VersionUnsupported)]
    [InlineData(1224, RejectionCode.TeeUnsupported)]
    [InlineData(1228, RejectionCode.AlgorithmUnsupported)]
    [InlineData(1233, RejectionCode.TooLarge)]
    [InlineData(-1, RejectionCode.TrailingBytes)]
    public void Verify_MalformedHclReport_IsRefused(int offset, RejectionCode code) =>
        AssertRefused(code, new ForgedAzure { ChangeHclReport = bytes => bytes[offset < 0 ? bytes.Length + offset : offset] ^= 0x40 });

    [Fact]
    public void Parse_HclReportCutOrTooLarge_IsRefused()
    {
        var report = new ForgedAzure().Prove().Endorsements[EndorsementName.HclReport][0];
        for (var length = 0; length < report.Length - 40; length += 5)
        {
            Rejections.AssertCode(RejectionCode.Truncated, () => HclReport.Parse(report[..length]));
        }

        Rejections.AssertCode(RejectionCode.TooLarge, () => HclReport.Parse(new byte[HclReport.MaxLength + 1]));
    }

    public static TheoryData<string, RejectionCode> BadRuntimeData => new()
    {
        { "x", RejectionCode.EncodingInvalid },
        { "[]", RejectionCode.EncodingInvalid },
        { """{"keys":[],"keys":[],"vm-configuration":{}}""", RejectionCode.EncodingInvalid },
        { """{"vm-configuration":{}}""", RejectionCode.MemberMissing },
        { """{"keys":[{"kid":"HCLAkPub","kty":"RSA","n":"AA","e":"AQAB"}],"vm-configuration":{"a":["\ud800"]}}""", RejectionCode.EncodingInvalid },
        { """{"keys":[{"kid":"HCLAkPub","kty":"RSA","n":"AA","e":"AQAB"}],"vm-configuration":{"\udfff":{}}}""", RejectionCode.EncodingInvalid },
        { """{"keys":[],"vm-configuration":{}}""", RejectionCode.MemberMissing },
        { """{"keys":[{"kid":"HCLAkPub"}],"vm-configuration":{}}""", RejectionCode.MemberMissing },
        { """{"keys":[{"kid":"HCLAkPub","kty":"EC","n":"AA","e":"AQAB"}],"vm-configuration":{}}""", RejectionCode.AlgorithmUnsupported },
        { """{"keys":[{"kid":"HCLAkPub","kty":"RSA","n":"AA","e":"AQAB"}]}""", RejectionCode.MemberMissing },
        { """{"keys":[{"kid":"HCLAkPub","kty":"RSA","n":"AA=","e":"AQAB"}],"vm-configuration":{}}""", RejectionCode.EncodingInvalid },
        { """{"keys":[{"kid":"HCLAkPub"},{"kid":"HCLAkPub"}],"vm-configuration":{}}""", RejectionCode.MemberDuplicate },
        { """{"keys":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}],"vm-configuration":{}}""", RejectionCode.TooLarge },
        { """{"keys":[{"kid":"HCLAkPub","kty":"RSA","n":"AA","e":"AQAB"}],"vm-configuration":{"secure-boot":1}}""", RejectionCode.EncodingInvalid },
        { """{"keys":[{"kid":"HCLAkPub","kty":"RSA","n":"AA","e":"AQAB"}],"vm-configuration":{},"user-data":"00"}""", RejectionCode.ValueInvalid },
        { """{"keys":[{"kid":"HCLAkPub","kty":"RSA","n":"AA","e":"AQAB"}],"vm-configuration":{},"user-data":"x"}""", RejectionCode.EncodingInvalid },
        { """{"keys":[[[[[[[[]]]]]]]],"vm-configuration":{}}""", RejectionCode.EncodingInvalid },
    };

    [Theory]
    [MemberData(nameof(BadRuntimeData))]
    public void Parse_BadRuntimeData_IsRefused(string json, RejectionCode code) => Rejections.AssertCode(code, () => AzureRuntimeData.Parse(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Parse_RuntimeDataOverTheLimit_IsRefused() =>
        Rejections.AssertCode(RejectionCode.TooLarge, () => AzureRuntimeData.Parse(new byte[HclReport.MaxRuntimeDataLength + 1]));

    [Fact]
    public void Verify_AttestationKeyThatIsTooShort_IsRefused()
    {
        var forged = new ForgedAzure();
        forged.RuntimeData["keys"]![0]!["n"] = "AQAB";

        AssertRefused(RejectionCode.AlgorithmUnsupported, forged);
    }

    [Theory]
    [InlineData("{}", RejectionCode.EncodingInvalid)]
    [InlineData("[", RejectionCode.EncodingInvalid)]
    [InlineData("[]", RejectionCode.MemberMissing)]
    [InlineData("[1]", RejectionCode.EncodingInvalid)]
    [InlineData("[\"AA\"]", RejectionCode.EncodingInvalid)]
    [InlineData("[\"aa\"]", RejectionCode.ValueInvalid)]
    [InlineData("[[]]", RejectionCode.EncodingInvalid)]
    [InlineData("1", RejectionCode.EncodingInvalid)]
    public void Verify_BadRegisterValues_AreRefused(string json, RejectionCode code) => AssertRefused(code, new ForgedAzure { ChangePcrs = _ => Encoding.UTF8.GetBytes(json) });

    [Fact]
    public void Verify_TooManyOrTooLongRegisterValues_AreRefused()
    {
        AssertRefused(RejectionCode.TooLarge, new ForgedAzure { ChangePcrs = bytes => [.. bytes[..^1], .. ",\"\"]"u8] });
        AssertRefused(RejectionCode.TooLarge, new ForgedAzure { ChangePcrs = bytes => [.. bytes, .. new byte[PcrValues.MaxLength]] });
        AssertRefused(RejectionCode.EncodingInvalid, new ForgedAzure { ChangePcrs = bytes => [.. bytes, (byte)'x'] });
    }

    [Fact]
    public void PcrValues_EncodeAndParse_RoundTrip()
    {
        var values = new PcrValues(new ForgedAzure().Pcrs);

        Assert.Equal(values.Encode(), PcrValues.Parse(values.Encode()).Encode());
        Assert.Throws<ArgumentException>(() => new PcrValues([]));
    }

    private static ForgedAzure With(ushort algorithm, byte[] bitmap, bool forgedDigest = false)
    {
        var forged = new ForgedAzure();
        forged.Selections[0] = (algorithm, bitmap);
        if (forgedDigest)
        {
            forged.ChangeQuote = bytes => Flip(bytes, bytes.Length - 1);
        }

        return forged;
    }

    private static byte[] Flip(byte[] bytes, int at)
    {
        bytes[at] ^= 0x01;
        return bytes;
    }

    private static VerifiedAzure Verify(ForgedAzure forged) => Assert.IsType<VerifiedAzure>(forged.Verifier().Verify(forged.Prove(), Challenge, ForgedAzure.Now));

    private static void AssertRefused(RejectionCode code, ForgedAzure forged) => Rejections.AssertCode(code, () => Verify(forged));
}
