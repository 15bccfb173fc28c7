using System.Security.Cryptography;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.NvidiaGpu;
using BlindAI.Attestation.Policy;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.NvidiaGpu;

/// <summary>Every refusal of docs/attestation.md, clause 15, on reports of a forged device.</summary>
public sealed class NvidiaVerifierTests : IDisposable
{
    // Offsets in a forged report: request 37 bytes, then the answer's header.
    private const int RecordLength = 42;
    private const int FirstBlock = 45;
    private const int BlockLength = 55;

    private readonly ForgedGpu _forged = new();

    [Fact]
    public void Verify_RightReport_IsComparedAndFresh()
    {
        var verified = Assert.IsType<VerifiedGpu>(_forged.Verify());

        Assert.True(verified.IsFresh);
        Assert.Equal(ForgedGpu.Now.AddYears(1), verified.ValidUntil);
        Assert.Equal(NvidiaArchitecture.Hopper, verified.Architecture);
        Assert.Equal((5, 0), (verified.Rim!.Compared, verified.Rim.Mismatches));
        Assert.False(verified.ToJson()["revocation_checked"]!.GetValue<bool>());
        _forged.Verifier.JudgeByDefault(verified);
    }

    // Step 1.
    [Fact]
    public void Verify_ReportOverTheLimit_IsRefused() => AssertRefused(RejectionCode.TooLarge, new byte[NvidiaReport.MaxLength + 1]);

    [Theory]
    [InlineData(0, 0x12, RejectionCode.VersionUnsupported)]
    [InlineData(1, 0xE1, RejectionCode.EncodingInvalid)]
    [InlineData(2, 0x00, RejectionCode.ValueInvalid)]
    [InlineData(3, 0x01, RejectionCode.ValueInvalid)]
    [InlineData(37, 0x10, RejectionCode.VersionUnsupported)]
    [InlineData(38, 0x61, RejectionCode.EncodingInvalid)]
    [InlineData(41, 39, RejectionCode.TrailingBytes)]
    [InlineData(41, 41, RejectionCode.Truncated)]
    [InlineData(RecordLength + 2, 0xFF, RejectionCode.Truncated)]
    [InlineData(FirstBlock + 1, 2, RejectionCode.ValueInvalid)]
    [InlineData(FirstBlock + 2, 50, RejectionCode.ValueInvalid)]
    [InlineData(FirstBlock + 5, 47, RejectionCode.ValueInvalid)]
    [InlineData(FirstBlock + BlockLength, 1, RejectionCode.MemberDuplicate)]
    public void Verify_HeaderOutsideTheFormat_IsRefused(int at, byte value, RejectionCode code)
    {
        var unsigned = _forged.Unsigned();
        unsigned[at] = value;

        AssertRefused(code, _forged.Sign(unsigned));
    }

    [Fact]
    public void Verify_MeasurementOfAnotherLength_IsRefused()
    {
        _forged.Blocks.Clear();
        _forged.Blocks.Add((1, new byte[47]));
        var unsigned = _forged.Unsigned();
        (unsigned[FirstBlock + 2], unsigned[FirstBlock + 5]) = (50, 47);

        AssertRefused(RejectionCode.ValueInvalid, _forged.Sign(unsigned));
    }

    // A GPU has no field for claims: to ask it for them would check nothing.
    [Fact]
    public void Verify_ChallengeOfClaims_IsRefused() => Rejections.AssertCode(RejectionCode.Internal,
        () => _forged.Verifier.Verify(_forged.Evidence(), EvidenceChallenge.ForClaims(ReportData.ForClaims("claims"u8), null), ForgedGpu.Now));

    [Fact]
    public void Verify_FirmwareNamedUnderAnotherDigest_IsRefused()
    {
        var dice = ForgedGpu.Dice(ForgedGpu.FwId);
        dice[dice.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02]) + 8] = 0x03;   // SHA-512
        using var forged = new ForgedGpu(dice: dice);

        Rejections.AssertCode(RejectionCode.FirmwareIdMismatch, () => forged.Verify());
    }

    [Fact]
    public void Verify_OpaqueFieldTwice_IsRefused()
    {
        _forged.Opaque.Add(_forged.Opaque[0]);

        AssertRefused(RejectionCode.MemberDuplicate);
    }

    [Fact]
    public void Verify_OpaqueFieldLongerThanTheRest_IsRefused()
    {
        var unsigned = _forged.Unsigned();
        unsigned[^4]++;

        AssertRefused(RejectionCode.Truncated, _forged.Sign(unsigned));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(18)]
    public void Verify_TextFieldWithControlCharacters_IsRefused(ushort type)
    {
        _forged.Set(type, [0x1B, 0x5B]);

        AssertRefused(RejectionCode.ValueInvalid);
    }

    [Fact]
    public void Verify_TruncatedAtAnyByte_IsRefused()
    {
        var report = _forged.Sign();
        for (var length = 0; length < report.Length; length++)
        {
            AssertRefused(RejectionCode.Truncated, report[..length]);
        }
    }

    [Fact]
    public void Verify_TrailingByte_IsRefused() => AssertRefused(RejectionCode.TrailingBytes, [.. _forged.Sign(), 0]);

    // Step 2.
    [Fact]
    public void Verify_NoCertificates_IsRefused() =>
        Rejections.AssertCode(RejectionCode.CollateralMissing, () => _forged.Verifier.Verify(new("nvgpu", _forged.Sign()), _forged.Challenge, ForgedGpu.Now));

    [Fact]
    public void Verify_MissingIntermediate_IsRefused()
    {
        _forged.Device.Certificates.RemoveAt(2);

        AssertRefused(RejectionCode.ChainUntrusted);
    }

    [Fact]
    public void Verify_OtherRoot_IsRefused()
    {
        using var other = new ForgedGpu();

        Rejections.AssertCode(RejectionCode.ChainUntrusted, () => other.Verifier.Verify(_forged.Evidence(withRims: false), _forged.Challenge, ForgedGpu.Now));
    }

    [Fact]
    public void Verify_ExpiredLeaf_IsRefused()
    {
        using var forged = new ForgedGpu(leafNotAfter: ForgedGpu.Now.AddSeconds(-1));

        Rejections.AssertCode(RejectionCode.CertificateNotInValidity, () => forged.Verify());
    }

    [Fact]
    public void Verify_LeafOfAnotherCurve_IsRefused()
    {
        using var forged = new ForgedGpu(leafCurve: ECCurve.NamedCurves.nistP256);

        Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => forged.Verify([.. forged.Unsigned(), .. new byte[96]]));
    }

    // Step 3.
    [Fact]
    public void Verify_AnyBitOfTheSignedBytesFlipped_IsRefused()
    {
        var report = _forged.Sign();
        for (var bit = 0; bit < (report.Length - 96) * 8; bit += 31)
        {
            var altered = report.ToArray();
            altered[bit / 8] ^= (byte)(1 << (bit % 8));

            Assert.Throws<AttestationException>(() => _forged.Verify(altered, withRims: false));
        }
    }

    [Fact]
    public void Verify_SignedByAnotherKey_IsRefused() =>
        AssertRefused(RejectionCode.SignatureInvalid, [.. _forged.Unsigned(), .. RandomNumberGenerator.GetBytes(96)]);

    // Step 4.
    [Fact]
    public void Verify_OtherFirmwareIdentity_IsRefused()
    {
        _forged.Set(20, SHA384.HashData("other"u8));

        AssertRefused(RejectionCode.FirmwareIdMismatch);
    }

    [Fact]
    public void Verify_FirmwareIdentityAndNoExtension_IsRefused()
    {
        using var forged = new ForgedGpu(dice: []);

        Rejections.AssertCode(RejectionCode.FirmwareIdMismatch, () => forged.Verify());
    }

    [Fact]
    public void Verify_FirmwareIdentityOfZeros_IsNeverNamed()
    {
        using var forged = new ForgedGpu(dice: ForgedGpu.Dice(new byte[48]));
        forged.Set(20, new byte[48]);

        Rejections.AssertCode(RejectionCode.FirmwareIdMismatch, () => forged.Verify());
    }

    [Fact]
    public void Verify_NoFirmwareIdentity_SaysThatItDoesNotMatch()
    {
        _forged.Remove(20);

        var verified = (VerifiedGpu)_forged.Verify();

        Assert.Null(verified.ToJson()["fwid"]);
        Assert.False(verified.ToJson()["fwid_matches_leaf_certificate"]!.GetValue<bool>());
    }

    [Theory]
    [InlineData("3080")] // indefinite length
    [InlineData("2803010100")] // a constructed EXTERNAL
    [InlineData("300A3008300630043002300030")] // ends early
    public void Verify_ExtensionThatIsNoDer_IsRefusedOrNamesNothing(string hex)
    {
        using var forged = new ForgedGpu(dice: Convert.FromHexString(hex));

        Assert.Throws<AttestationException>(() => forged.Verify());
    }

    [Fact]
    public void Verify_ExtensionNestedTooDeep_IsRefused()
    {
        byte[] nested = [0x30, 0x00];
        for (var depth = 0; depth < 20; depth++)
        {
            nested = [0x30, (byte)nested.Length, .. nested];
        }

        using var forged = new ForgedGpu(dice: nested);

        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => forged.Verify());
    }

    // Step 5.
    [Fact]
    public void Verify_OtherNonce_IsRefused() =>
        Rejections.AssertCode(RejectionCode.NonceMismatch, () => _forged.Verifier.Verify(_forged.Evidence(), EvidenceChallenge.Exactly(new byte[32]), ForgedGpu.Now));

    // Step 6; what one RIM file must be is in RimFileTests.
    [Fact]
    public void Verify_RimOfAnotherDriver_IsRefused()
    {
        _forged.Driver.Version = "550.90.08";

        AssertRefused(RejectionCode.CollateralMismatch);
    }

    [Fact]
    public void Verify_RimOfAnotherVbios_IsRefused()
    {
        _forged.Vbios.Version = "96.00.9F.00.02";

        AssertRefused(RejectionCode.CollateralMismatch);
    }

    [Fact]
    public void Verify_RimAndNoVersionInTheReport_IsRefused()
    {
        _forged.Remove(3);

        AssertRefused(RejectionCode.CollateralMismatch);
    }

    [Fact]
    public void Verify_MeasurementInBothRims_IsRefused()
    {
        _forged.Vbios.Active[0] = [ForgedGpu.Measurement(1)];

        AssertRefused(RejectionCode.CollateralMismatch);
    }

    [Theory]
    [InlineData("driver_rim")]
    [InlineData("vbios_rim")]
    public void JudgeByDefault_OneRimMissing_IsUndecided(string missing)
    {
        var evidence = _forged.Evidence();
        var verified = _forged.Verifier.Verify(evidence.With(new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> { [missing] = [] }), _forged.Challenge, ForgedGpu.Now);

        Assert.Null(((VerifiedGpu)verified).Rim);
        Rejections.AssertCode(RejectionCode.CollateralMissing, () => _forged.Verifier.JudgeByDefault(verified));
        Rejections.AssertCode(RejectionCode.CollateralMissing, () => _forged.Verifier.Judge(verified, Entry()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    public void Judge_OtherMeasurement_IsRefused(int index)
    {
        _forged.Blocks[index - 1] = ((byte)index, new byte[48]);

        Rejections.AssertCode(RejectionCode.GpuFirmwareNotAccepted, () => Judge(Entry()));
        Rejections.AssertCode(RejectionCode.GpuFirmwareNotAccepted, () => _forged.Verifier.JudgeByDefault(_forged.Verify()));
    }

    [Fact]
    public void Judge_MeasurementAbsent_IsRefused()
    {
        _forged.Blocks.RemoveAt(0);

        Rejections.AssertCode(RejectionCode.GpuFirmwareNotAccepted, () => Judge(Entry()));
    }

    [Theory]
    [InlineData(0xAA)]
    [InlineData(0x00)]
    public void Judge_VideoDecoderNotOff_ComparesItsMeasurementToo(byte status)
    {
        _forged.Set(11, [status]);

        Rejections.AssertCode(RejectionCode.GpuFirmwareNotAccepted, () => Judge(Entry()));
    }

    // The judgement.
    [Fact]
    public void Judge_EveryMemberMet_IsAccepted()
    {
        // RIM files are signed anew each time, so the evidence is made once.
        var verified = (VerifiedGpu)_forged.Verify();

        _forged.Verifier.Judge(verified, new NvidiaPolicyEntry
        {
            DriverVersions = [ForgedGpu.DriverVersion],
            VbiosVersions = [ForgedGpu.VbiosVersion],
            Rims = RimsOf(verified),
            Architectures = [NvidiaArchitecture.Blackwell, NvidiaArchitecture.Hopper],
            BoardIds = [new HexValue([0xB1, 0x03, 0, 0])],
            ChipSkus = ["882"],
            Projects = ["1010"],
            ProjectSkus = ["0200"],
            FwIds = [new HexValue(ForgedGpu.FwId)],
            Nvdec0Enabled = false,
            ProtectedPcie = false,
        });
    }

    public static TheoryData<RejectionCode, NvidiaPolicyEntry> Demands => new()
    {
        { RejectionCode.ProductNotAccepted, Entry(architecture: NvidiaArchitecture.Blackwell) },
        { RejectionCode.GpuFirmwareNotAccepted, Entry(rims: [new HexValue(new byte[32])]) },
        { RejectionCode.GpuFirmwareNotAccepted, Entry(driver: "550.90.08") },
        { RejectionCode.GpuFirmwareNotAccepted, Entry(vbios: "96.00.9F.00.02") },
        { RejectionCode.GpuFirmwareNotAccepted, Entry(fwId: new byte[48]) },
        { RejectionCode.ProductNotAccepted, Entry(boardId: new byte[4]) },
        { RejectionCode.ProductNotAccepted, Entry(chipSku: "883") },
        { RejectionCode.ProductNotAccepted, Entry(project: "1011") },
        { RejectionCode.ProductNotAccepted, Entry(projectSku: "0201") },
        { RejectionCode.PlatformNotAccepted, Entry(nvdec0: true) },
        { RejectionCode.PlatformNotAccepted, Entry(protectedPcie: true) },
    };

    [Theory]
    [MemberData(nameof(Demands), DisableDiscoveryEnumeration = true)]
    public void Judge_DemandNotMet_IsRefused(RejectionCode code, NvidiaPolicyEntry entry) => Rejections.AssertCode(code, () => Judge(entry));

    [Theory]
    [InlineData(15)]
    [InlineData(21)]
    public void Judge_DemandedFieldAbsent_IsRefused(ushort type)
    {
        _forged.Remove(type);

        Rejections.AssertCode(type == 15 ? RejectionCode.ProductNotAccepted : RejectionCode.PlatformNotAccepted, () => Judge(Entry(chipSku: "882", protectedPcie: false)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Judge_OneOfTheTwoRimsNotAccepted_IsRefused(bool isDriver)
    {
        var evidence = _forged.Verify();
        var rims = RimsOf((VerifiedGpu)evidence);

        Rejections.AssertCode(RejectionCode.GpuFirmwareNotAccepted, () => _forged.Verifier.Judge(evidence, Entry(rims: [rims[isDriver ? 1 : 0]])));
    }

    [Theory]
    [InlineData("LS_10 A01 FSP FMC LF")]
    [InlineData("GH1000 A01")]
    public void Judge_NoKnownGpu_IsRefused(string leaf)
    {
        using var forged = new ForgedGpu(leaf);
        forged.Driver.Product = forged.Vbios.Product = leaf.Split(' ')[0];
        var verified = forged.Verify();

        Assert.Null(((VerifiedGpu)verified).Architecture);
        Rejections.AssertCode(RejectionCode.ProductNotAccepted, () => forged.Verifier.Judge(verified, Entry()));
        Rejections.AssertCode(RejectionCode.ProductNotAccepted, () => forged.Verifier.JudgeByDefault(verified));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Verify_RimOfAnotherChip_IsRefused(bool isDriver)
    {
        (isDriver ? _forged.Driver : _forged.Vbios).Product = "GB100";

        Rejections.AssertCode(RejectionCode.CollateralMismatch, () => _forged.Verify());
    }

    [Fact]
    public void Explain_DebugMode_IsNotChecked()
    {
        var member = Entry().Explain().Single(member => member.Name == "dangerouslyAllowDebug");

        Assert.False(member.IsChecked);
    }

    [Fact]
    public void Show_Evidence_HasTheNamesOfTheClaims()
    {
        var shown = _forged.Verifier.Show(_forged.Evidence());

        Assert.Equal("CN=GH100 A01 GSP FMC LF", shown["leaf_subject"]!.GetValue<string>());
        Assert.Equal(ForgedGpu.DriverVersion, shown["driver_version"]!.GetValue<string>());
    }

    public void Dispose() => _forged.Dispose();

    private static HexValue[] RimsOf(VerifiedGpu gpu) => [new(gpu.Rim!.DriverRim.Bytes), new(gpu.Rim.VbiosRim.Bytes)];

    private static NvidiaPolicyEntry Entry(
        NvidiaArchitecture? architecture = null, IReadOnlyList<HexValue>? rims = null, string? driver = null, string? vbios = null, byte[]? fwId = null, byte[]? boardId = null,
        string? chipSku = null, string? project = null, string? projectSku = null, bool? nvdec0 = null, bool? protectedPcie = null) => new()
        {
            DriverVersions = [driver ?? ForgedGpu.DriverVersion],
            VbiosVersions = [vbios ?? ForgedGpu.VbiosVersion],
            Rims = rims,
            Architectures = architecture is { } generation ? [generation] : null,
            FwIds = fwId is null ? null : [new HexValue(fwId)],
            BoardIds = boardId is null ? null : [new HexValue(boardId)],
            ChipSkus = chipSku is null ? null : [chipSku],
            Projects = project is null ? null : [project],
            ProjectSkus = projectSku is null ? null : [projectSku],
            Nvdec0Enabled = nvdec0,
            ProtectedPcie = protectedPcie,
        };

    private void Judge(NvidiaPolicyEntry entry) => _forged.Verifier.Judge(_forged.Verify(), entry);

    private void AssertRefused(RejectionCode code, byte[]? report = null) => Rejections.AssertCode(code, () => _forged.Verify(report));
}
