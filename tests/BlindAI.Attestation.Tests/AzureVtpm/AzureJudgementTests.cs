using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Tests.Policy;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.AzureVtpm;

/// <summary>Every member of a policy entry, once met and once not.</summary>
public sealed class AzureJudgementTests
{
    private const string Pcr7 = "0707070707070707070707070707070707070707070707070707070707070707";
    private const string Zero = "0000000000000000000000000000000000000000000000000000000000000000";

    private const string Base = $$"""
        { "tee": "azure",
          "snp": { "products": ["Genoa"], "measurements": ["3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e"], "vmpl": 0,
                   "minimumTcb": { "Genoa": { "bootloader": 10, "tee": 2, "snp": 23, "microcode": 84 } } },
          "pcrs": { "7": "{{Pcr7}}" } }
        """;

    private const string BaseOfTdx = $$"""
        { "tee": "azure", "tdx": { "mrTd": ["{{Zero}}00000000000000000000000000000000"], "rtmr": { "1": "{{Zero}}00000000000000000000000000000000", "2": "{{Zero}}00000000000000000000000000000000" },
          "tcbStatus": ["UpToDate"] }, "pcrs": { "7": "{{Pcr7}}" } }
        """;

    private static readonly VerifiedAzure Guest = Verify(new());

    [Theory]
    [InlineData("snp.vmpl", "0", null)]
    [InlineData("snp.vmpl", "1", RejectionCode.GuestNotAccepted)]
    [InlineData("snp.minimumTcb.Genoa.microcode", "85", RejectionCode.TcbNotAccepted)]
    [InlineData("pcrs.7", $"\"{Zero}\"", RejectionCode.MeasurementNotAccepted)]
    [InlineData("pcrs.0", $"\"{Zero}\"", null)]
    [InlineData("pcrs.23", $"\"{Zero}\"", RejectionCode.MeasurementNotAccepted)]
    [InlineData("vmConfiguration.secureBoot", "true", null)]
    [InlineData("vmConfiguration.secureBoot", "false", RejectionCode.GuestNotAccepted)]
    [InlineData("vmConfiguration.tpmEnabled", "true", null)]
    [InlineData("vmConfiguration.tpmEnabled", "false", RejectionCode.GuestNotAccepted)]
    [InlineData("vmConfiguration.tpmPersisted", "false", null)]
    [InlineData("vmConfiguration.tpmPersisted", "true", RejectionCode.GuestNotAccepted)]
    [InlineData("vmConfiguration.consoleEnabled", "true", null)]
    [InlineData("vmConfiguration.consoleEnabled", "false", RejectionCode.GuestNotAccepted)]
    [InlineData("vmConfiguration.rootCertThumbprints", "[\"thumbprint\"]", null)]
    [InlineData("vmConfiguration.rootCertThumbprints", "[\"other\"]", RejectionCode.GuestNotAccepted)]
    [InlineData("vmConfiguration.vmUniqueIds", "[\"00000000-0000-0000-0000-000000000001\"]", null)]
    [InlineData("vmConfiguration.vmUniqueIds", "[\"00000000-0000-0000-0000-000000000002\"]", RejectionCode.GuestNotAccepted)]
    [InlineData("userData", "\"55555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555\"", null)]
    [InlineData("userData", $"\"{Zero}{Zero}\"", RejectionCode.GuestNotAccepted)]
    [InlineData("firmwareVersions", "[\"2020031200120003\"]", null)]
    [InlineData("firmwareVersions", "[\"2020031200120004\"]", RejectionCode.PlatformNotAccepted)]
    public void Judge_OneMember_Decides(string member, string value, RejectionCode? code) => AssertJudged(Guest, code, member, value);

    [Theory]
    [InlineData("vmConfiguration.secureBoot", "true")]
    [InlineData("vmConfiguration.tpmEnabled", "false")]
    [InlineData("vmConfiguration.tpmPersisted", "false")]
    [InlineData("vmConfiguration.consoleEnabled", "false")]
    [InlineData("vmConfiguration.rootCertThumbprints", "[\"thumbprint\"]")]
    [InlineData("vmConfiguration.vmUniqueIds", "[\"x\"]")]
    [InlineData("userData", $"\"{Zero}{Zero}\"")]
    public void Judge_WhatTheParavisorDoesNotSay_IsRefused(string member, string value)
    {
        var silent = new ForgedAzure();
        silent.RuntimeData["vm-configuration"]!.AsObject().Clear();
        silent.RuntimeData.Remove("user-data");

        AssertJudged(Verify(silent), RejectionCode.GuestNotAccepted, member, value);
    }

    [Fact]
    public void Judge_RegisterThatWasNotQuoted_IsRefused()
    {
        var forged = new ForgedAzure();
        forged.Selections[0] = (TpmPcrSelection.Sha256, [0x80, 0, 0]);

        AssertJudged(Verify(forged), null, "pcrs.7", $"\"{Pcr7}\"");
        AssertJudged(Verify(forged), RejectionCode.RegistersMismatch, "pcrs.0", $"\"{Zero}\"");
    }

    [Fact]
    public void Judge_OtherHardware_IsRefused() =>
        Rejections.AssertCode(RejectionCode.TeeNotAccepted, () => new ForgedAzure().Verifier().Judge(Guest, EntryUnderTest.Parse(BaseOfTdx)));

    [Fact]
    public void Judge_HardwareOfTdx_IsJudgedByItsOwnPart()
    {
        using var intel = new ForgedIntel();
        var forged = new ForgedAzure { Tdx = intel };

        Rejections.AssertCode(RejectionCode.MeasurementNotAccepted, () => forged.Verifier().Judge(Verify(forged), EntryUnderTest.Parse(BaseOfTdx)));
    }

    [Fact]
    public void Judge_DebuggableHardware_IsRefusedUnlessAllowed()
    {
        var forged = new ForgedAzure();
        forged.Snp.Set(0x00A, [0x0B]);
        var guest = Verify(forged);

        AssertJudged(guest, RejectionCode.DebugNotAccepted, "snp.dangerouslyAllowDebug", "false");
        AssertJudged(guest, null, "snp.dangerouslyAllowDebug", "true");
        Rejections.AssertCode(RejectionCode.DebugNotAccepted, () => forged.Verifier().JudgeByDefault(guest));
    }

    [Fact]
    public void JudgeByDefault_SecureBootNotOn_IsRefused()
    {
        var (off, silent) = (new ForgedAzure(), new ForgedAzure());
        off.RuntimeData["vm-configuration"]!["secure-boot"] = false;
        silent.RuntimeData["vm-configuration"]!.AsObject().Remove("secure-boot");

        off.Verifier().JudgeByDefault(Guest);
        Rejections.AssertCode(RejectionCode.GuestNotAccepted, () => off.Verifier().JudgeByDefault(Verify(off)));
        Rejections.AssertCode(RejectionCode.GuestNotAccepted, () => silent.Verifier().JudgeByDefault(Verify(silent)));
    }

    private static VerifiedAzure Verify(ForgedAzure forged) =>
        (VerifiedAzure)forged.Verifier().Verify(forged.Prove(), EvidenceChallenge.DangerouslyNone, ForgedAzure.Now);

    private static void AssertJudged(VerifiedAzure guest, RejectionCode? code, string member, string value)
    {
        var policy = EntryUnderTest.With(Base, member, value);
        if (code is { } expected)
        {
            Rejections.AssertCode(expected, () => new ForgedAzure().Verifier().Judge(guest, policy));
        }
        else
        {
            new ForgedAzure().Verifier().Judge(guest, policy);
        }
    }
}
