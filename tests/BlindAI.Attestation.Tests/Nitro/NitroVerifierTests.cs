using System.Formats.Cbor;
using System.Security.Cryptography;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Nitro;
using BlindAI.Attestation.Policy;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.Nitro;

/// <summary>Every refusal of docs/attestation.md, clause 13, on documents of a forged hypervisor.</summary>
public sealed class NitroVerifierTests : IDisposable
{
    private readonly ForgedNitro _forged = new();

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Verify_RightDocument_IsFreshUntilItsFirstCertificateEnds(bool isIndefinite, bool isTagged)
    {
        (_forged.IsIndefinite, _forged.IsTagged) = (isIndefinite, isTagged);

        var verified = Assert.IsType<VerifiedNitro>(_forged.Verify());

        Assert.True(verified.IsFresh);
        Assert.Equal(ForgedNitro.Now.AddHours(3), verified.ValidUntil);
        Assert.Equal(isTagged, verified.ToJson()["cose_tag18"]!.GetValue<bool>());
        Assert.Equal(isIndefinite, verified.ToJson()["payload_map_indefinite_length"]!.GetValue<bool>());
        _forged.Verifier.JudgeByDefault(verified);
    }

    // Step 1: the envelope.
    [Fact]
    public void Verify_DocumentOverTheLimit_IsRefused() => AssertRefused(RejectionCode.TooLarge, new byte[NitroDocument.MaxPayloadLength + 129]);

    [Fact]
    public void Verify_PayloadOverTheLimit_IsRefused() =>
        AssertRefused(RejectionCode.TooLarge, _forged.Sign(new byte[NitroDocument.MaxPayloadLength + 1]));

    [Fact]
    public void Verify_OtherTag_IsRefused() => AssertRefused(RejectionCode.EncodingInvalid, [0xD1, .. _forged.Sign()]);

    [Fact]
    public void Verify_ArrayOfFive_IsRefused()
    {
        var document = _forged.Sign();
        document[0]++;

        AssertRefused(RejectionCode.EncodingInvalid, [.. document, 0]);
    }

    [Theory]
    [InlineData("a10126")] // ES256
    [InlineData("a201382203182a")] // with a content type
    [InlineData("")]
    public void Verify_OtherProtectedHeader_IsRefused(string hex)
    {
        _forged.ProtectedHeader = Convert.FromHexString(hex);

        AssertRefused(RejectionCode.AlgorithmUnsupported, _forged.Sign());
    }

    [Fact]
    public void Verify_UnprotectedHeader_IsRefused()
    {
        var document = _forged.Sign();
        Assert.Equal(0xA0, document[6]);

        AssertRefused(RejectionCode.MemberUnknown, [.. document[..6], 0xA1, 0x04, 0x40, .. document[7..]]);
    }

    [Fact]
    public void Verify_LengthOfTheEnvelopeInALongerForm_IsRefused()
    {
        var document = _forged.Sign();

        AssertRefused(RejectionCode.EncodingInvalid, [document[0], 0x58, 0x04, .. document[2..]]);
    }

    [Theory]
    [InlineData(95)]
    [InlineData(97)]
    public void Verify_SignatureOfAnotherLength_IsRefused(int length) => AssertRefused(RejectionCode.ValueInvalid, _forged.Encode(_forged.Payload(), new byte[length]));

    [Fact]
    public void Verify_TrailingByte_IsRefused() => AssertRefused(RejectionCode.TrailingBytes, [.. _forged.Sign(), 0]);

    [Fact]
    public void Verify_TruncatedAtAnyByte_IsRefused()
    {
        var document = _forged.Sign();
        for (var length = 0; length < document.Length; length++)
        {
            AssertRefused(RejectionCode.EncodingInvalid, document[..length]);
        }
    }

    // Step 1: the payload.
    [Fact]
    public void Verify_BytesAfterThePayloadMap_AreRefused() => AssertRefused(RejectionCode.TrailingBytes, _forged.Sign([.. _forged.Payload(), 0]));

    [Theory]
    [InlineData("module_id")]
    [InlineData("digest")]
    [InlineData("timestamp")]
    [InlineData("pcrs")]
    [InlineData("certificate")]
    [InlineData("cabundle")]
    public void Verify_MandatoryKeyMissing_IsRefused(string key)
    {
        _forged.Fields.RemoveAll(field => field.Key == key);

        AssertRefused(RejectionCode.MemberMissing);
    }

    [Theory]
    [InlineData("module_id")]
    [InlineData("digest")]
    [InlineData("timestamp")]
    [InlineData("pcrs")]
    [InlineData("certificate")]
    [InlineData("cabundle")]
    [InlineData("public_key")]
    [InlineData("user_data")]
    [InlineData("nonce")]
    public void Verify_KeyTwiceOrOfAnotherType_IsRefused(string key)
    {
        _forged.Fields.Add(_forged.Fields.Single(field => field.Key == key));
        AssertRefused(RejectionCode.MemberDuplicate);

        _forged.Fields.RemoveAt(_forged.Fields.Count - 1);
        _forged.Set(key, writer => writer.WriteBoolean(true));
        AssertRefused(RejectionCode.EncodingInvalid);
    }

    [Theory]
    [InlineData("certificate")]
    [InlineData("user_data")]
    [InlineData("module_id")]
    [InlineData("pcrs")]
    [InlineData("cabundle")]
    public void Verify_ValueOfIndefiniteLength_IsRefused(string key)
    {
        _forged.Set(key, writer => writer.WriteEncodedValue(key switch
        {
            "module_id" => [0x7F, 0x61, 0x61, 0xFF],
            "pcrs" => [0xBF, 0xFF],
            "cabundle" => [0x9F, 0x41, 0x00, 0xFF],
            _ => [0x5F, 0x41, 0x00, 0xFF],
        }));

        AssertRefused(RejectionCode.EncodingInvalid);
    }

    [Fact]
    public void Verify_UnknownKey_IsRefused()
    {
        _forged.Set("extra", writer => writer.WriteNull());

        AssertRefused(RejectionCode.MemberUnknown);
    }

    [Fact]
    public void Verify_OtherDigest_IsRefused()
    {
        _forged.Set("digest", writer => writer.WriteTextString("SHA256"));

        AssertRefused(RejectionCode.AlgorithmUnsupported);
    }

    public static TheoryData<string, RejectionCode, Action<CborWriter>> BadValues => new()
    {
        { "module_id", RejectionCode.ValueInvalid, writer => writer.WriteTextString("") },
        { "timestamp", RejectionCode.ValueInvalid, writer => writer.WriteUInt64(0) },
        { "timestamp", RejectionCode.ValueInvalid, writer => writer.WriteUInt64(253_402_300_800_000) },
        { "timestamp", RejectionCode.EncodingInvalid, writer => writer.WriteInt64(-1) },
        { "pcrs", RejectionCode.ValueInvalid, writer => WriteMap(writer, 0, 48) },
        { "pcrs", RejectionCode.TooLarge, writer => WriteMap(writer, 33, 48) },
        { "pcrs", RejectionCode.ValueInvalid, writer => WriteMap(writer, 1, 48, first: 32) },
        { "pcrs", RejectionCode.ValueInvalid, writer => WriteMap(writer, 1, 47) },
        { "pcrs", RejectionCode.MemberDuplicate, writer => WriteMap(writer, 2, 48, step: 0) },
        { "certificate", RejectionCode.ValueInvalid, writer => writer.WriteByteString([]) },
        { "certificate", RejectionCode.TooLarge, writer => writer.WriteByteString(new byte[1025]) },
        { "certificate", RejectionCode.EncodingInvalid, writer => writer.WriteByteString(new byte[64]) },
        { "cabundle", RejectionCode.ValueInvalid, writer => WriteArray(writer, 0, 1) },
        { "cabundle", RejectionCode.TooLarge, writer => WriteArray(writer, 8, 1) },
        { "cabundle", RejectionCode.ValueInvalid, writer => WriteArray(writer, 1, 0) },
        { "cabundle", RejectionCode.TooLarge, writer => WriteArray(writer, 1, 1025) },
        { "public_key", RejectionCode.ValueInvalid, writer => writer.WriteByteString([]) },
        { "public_key", RejectionCode.TooLarge, writer => writer.WriteByteString(new byte[1025]) },
        { "user_data", RejectionCode.TooLarge, writer => writer.WriteByteString(new byte[513]) },
        { "nonce", RejectionCode.TooLarge, writer => writer.WriteByteString(new byte[513]) },
    };

    [Theory]
    [MemberData(nameof(BadValues), DisableDiscoveryEnumeration = true)]
    public void Verify_ValueOutsideItsRange_IsRefused(string key, RejectionCode code, Action<CborWriter> write)
    {
        _forged.Set(key, write);

        AssertRefused(code);
    }

    // Step 2.
    [Fact]
    public void Verify_OtherRoot_IsRefused()
    {
        using var other = new ForgedNitro();

        Rejections.AssertCode(RejectionCode.ChainUntrusted, () => other.Verifier.Verify(new("nitro-doc", _forged.Sign()), _forged.Challenge, ForgedNitro.Now));
    }

    [Fact]
    public void Verify_BundleInTheOrderOfTheLeaf_IsRefused()
    {
        _forged.SetBundle(_forged.Chain.Certificates.Skip(1));

        AssertRefused(RejectionCode.ChainUntrusted);
    }

    [Fact]
    public void Verify_ExpiredLeaf_IsRefused()
    {
        using var forged = new ForgedNitro(leafNotAfter: ForgedNitro.Now.AddSeconds(-1));

        Rejections.AssertCode(RejectionCode.CertificateNotInValidity, () => forged.Verify());
    }

    // Step 3.
    [Fact]
    public void Verify_LeafOfAnotherCurve_IsRefused()
    {
        using var forged = new ForgedNitro(leafCurve: ECCurve.NamedCurves.nistP256);

        Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => forged.Verify(forged.Encode(forged.Payload(), new byte[96])));
    }

    [Fact]
    public void Verify_SignedByAnotherKey_IsRefused() =>
        AssertRefused(RejectionCode.SignatureInvalid, _forged.Encode(_forged.Payload(), RandomNumberGenerator.GetBytes(96)));

    [Fact]
    public void Verify_AnyBitOfThePayloadFlipped_IsRefused()
    {
        var document = _forged.Sign();
        var start = document.Length - _forged.Payload().Length - 98;
        for (var bit = start * 8; bit < (document.Length - 98) * 8; bit += 7)
        {
            var altered = document.ToArray();
            altered[bit / 8] ^= (byte)(1 << (bit % 8));

            Assert.Throws<AttestationException>(() => _forged.Verify(altered));
        }
    }

    // Step 4.
    [Theory]
    [InlineData(-301)]
    [InlineData(301)]
    public void Verify_DocumentOfAnotherTime_IsRefusedWhenAChallengeIsExpected(int seconds)
    {
        _forged.Set("timestamp", writer => writer.WriteInt64(ForgedNitro.Now.AddSeconds(seconds).ToUnixTimeMilliseconds()));

        AssertRefused(RejectionCode.DocumentNotCurrent);
        Assert.False(_forged.Verifier.Verify(new("nitro-doc", _forged.Sign()), EvidenceChallenge.DangerouslyNone, ForgedNitro.Now).IsFresh);
    }

    [Theory]
    [InlineData(-300)]
    [InlineData(300)]
    public void Verify_DocumentOfFiveMinutesAway_Holds(int seconds)
    {
        _forged.Set("timestamp", writer => writer.WriteInt64(ForgedNitro.Now.AddSeconds(seconds).ToUnixTimeMilliseconds()));

        Assert.True(_forged.Verify().IsFresh);
    }

    // Step 5.
    [Fact]
    public void Verify_OtherUserData_IsRefused()
    {
        _forged.Set("user_data", writer => writer.WriteByteString(new byte[64]));

        AssertRefused(RejectionCode.ReportDataMismatch);
    }

    [Fact]
    public void Verify_NoUserData_IsRefused()
    {
        _forged.Set("user_data", writer => writer.WriteNull());

        AssertRefused(RejectionCode.ReportDataMismatch);
    }

    [Fact]
    public void Verify_OtherNonce_IsRefused()
    {
        _forged.Set("nonce", writer => writer.WriteByteString(new byte[32]));

        AssertRefused(RejectionCode.NonceMismatch);
    }

    [Fact]
    public void Verify_NonceAbsent_IsRefused()
    {
        _forged.Fields.RemoveAll(field => field.Key == "nonce");

        AssertRefused(RejectionCode.NonceMismatch);
    }

    // The judgement.
    [Fact]
    public void Judge_EveryMemberMet_IsAccepted() => Judge(Entry(moduleIds: [ForgedNitro.ModuleId]));

    [Fact]
    public void Judge_DebugMode_IsRefusedUnlessAllowed()
    {
        var zero = Enumerable.Range(0, 16).Select(index => ((ulong)index, new byte[48]));
        _forged.SetPcrs(zero);

        Rejections.AssertCode(RejectionCode.DebugNotAccepted, () => Judge(Entry()));
        Rejections.AssertCode(RejectionCode.DebugNotAccepted, () => _forged.Verifier.JudgeByDefault(_forged.Verify()));
        var allZero = Enumerable.Range(0, 3).ToDictionary(index => index, _ => new HexValue(new byte[48]));
        Judge(new() { Pcrs = allZero, DangerouslyAllowDebug = true });
    }

    [Fact]
    public void JudgeByDefault_Pcr0ZeroAlone_IsRefused()
    {
        _forged.SetPcrs([(0, new byte[48]), (1, ForgedNitro.Pcr(1)), (2, ForgedNitro.Pcr(2))]);

        Rejections.AssertCode(RejectionCode.DebugNotAccepted, () => _forged.Verifier.JudgeByDefault(_forged.Verify()));
    }

    [Fact]
    public void JudgeByDefault_Pcr0Absent_IsRefused()
    {
        _forged.SetPcrs([(1, ForgedNitro.Pcr(1)), (2, ForgedNitro.Pcr(2))]);

        Rejections.AssertCode(RejectionCode.DebugNotAccepted, () => _forged.Verifier.JudgeByDefault(_forged.Verify()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Judge_OtherRegister_IsRefused(int index) =>
        Rejections.AssertCode(RejectionCode.MeasurementNotAccepted, () => Judge(Entry(pcr: (index, SHA384.HashData("other"u8)))));

    [Fact]
    public void Judge_RegisterThatTheDocumentLacks_IsRefused() =>
        Rejections.AssertCode(RejectionCode.MeasurementNotAccepted, () => Judge(Entry(pcr: (17, new byte[48]))));

    [Fact]
    public void Judge_OtherModule_IsRefused() =>
        Rejections.AssertCode(RejectionCode.GuestNotAccepted, () => Judge(Entry(moduleIds: ["i-0-enc0"])));

    public void Dispose() => _forged.Dispose();

    private static NitroPolicyEntry Entry((int Index, byte[] Value)? pcr = null, IReadOnlyList<string>? moduleIds = null)
    {
        var pcrs = Enumerable.Range(0, 3).ToDictionary(index => index, index => new HexValue(ForgedNitro.Pcr(index)));
        if (pcr is { } other)
        {
            pcrs[other.Index] = new HexValue(other.Value);
        }

        return new() { Pcrs = pcrs, ModuleIds = moduleIds };
    }

    private static void WriteMap(CborWriter writer, int count, int length, ulong first = 0, ulong step = 1)
    {
        writer.WriteStartMap(count);
        for (var index = 0; index < count; index++)
        {
            writer.WriteUInt64(first + ((ulong)index * step));
            writer.WriteByteString(new byte[length]);
        }

        writer.WriteEndMap();
    }

    private static void WriteArray(CborWriter writer, int count, int length)
    {
        writer.WriteStartArray(count);
        for (var index = 0; index < count; index++)
        {
            writer.WriteByteString(new byte[length]);
        }

        writer.WriteEndArray();
    }

    private void Judge(NitroPolicyEntry entry) => _forged.Verifier.Judge(_forged.Verify(), entry);

    private void AssertRefused(RejectionCode code, byte[]? document = null) => Rejections.AssertCode(code, () => _forged.Verify(document));
}
