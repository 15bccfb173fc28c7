using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation.Dcap;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.Tests.Dcap;

public sealed class RaTlsEvidenceTests
{
    private static readonly Sha256Digest Key = Sha256Digest.Of("a key"u8);

    private static readonly byte[] Claims = RaTlsEvidence.EncodeClaims(Key);

    [Fact]
    public void Encode_Golden_IsTheFormThatOthersRead()
    {
        var hash = Convert.ToHexStringLower(Key.Bytes);

        // {"pubkey-hash": h'[1, h'32 bytes']'}, and 60000([h'010203', h'claims'])
        Assert.Equal("a16b7075626b65792d6861736858248201" + "5820" + hash, Convert.ToHexStringLower(Claims));
        Assert.Equal("d9ea60" + "82" + "43010203" + "5833" + Convert.ToHexStringLower(Claims), Convert.ToHexStringLower(RaTlsEvidence.Encode([1, 2, 3], Claims)));
    }

    [Fact]
    public void Parse_Encoded_GivesTheParts()
    {
        var evidence = RaTlsEvidence.Parse(RaTlsEvidence.Encode([1, 2, 3], Claims));

        Assert.Equal([1, 2, 3], evidence.Quote.ToArray());
        Assert.Equal(Claims, evidence.ClaimsBuffer.ToArray());
        Assert.Equal(Key, evidence.KeyHash);
    }

    [Fact]
    public void Parse_OtherClaimsBesides_SkipsThem()
    {
        // {"nonce": h'00', "pubkey-hash": …}: another order than the canonical one, as other software may write it.
        byte[] claims = [0xA2, 0x65, .. "nonce"u8, 0x41, 0x00, .. Claims[1..]];

        Assert.Equal(Key, RaTlsEvidence.Parse(RaTlsEvidence.Encode([1], claims)).KeyHash);
    }

    public static TheoryData<string, RejectionCode> Broken
    {
        get
        {
            var hash = Convert.ToHexStringLower(Key.Bytes);
            var name = "6b7075626b65792d68617368";
            return new()
            {
                { "", RejectionCode.EncodingInvalid },
                { "824100" + "4100", RejectionCode.EncodingInvalid },
                { "d9ea61" + "82" + "4100" + "40", RejectionCode.VersionUnsupported },
                { "d9ea60" + "83" + "4100" + "4100" + "4100", RejectionCode.EncodingInvalid },
                { "d9ea60" + "9f" + "4100" + "4100" + "ff", RejectionCode.EncodingInvalid },
                { "d9ea60" + "82" + "5f4100ff" + "40", RejectionCode.EncodingInvalid },
                { "d9ea60" + "82" + "4100" + "40", RejectionCode.EncodingInvalid },
                { "d9ea60" + "82" + "4100", RejectionCode.EncodingInvalid },
                { "d9ea60" + "9f" + "4100" + "5833" + Convert.ToHexStringLower(Claims) + "ff", RejectionCode.EncodingInvalid },
                { "d9ea60" + "82" + "4100" + "5834" + "a1" + name + "5825" + "9f01" + "5820" + hash + "ff", RejectionCode.EncodingInvalid },
                { "d9ea60" + "82" + "4100" + "41a0", RejectionCode.MemberMissing },
                { "d9ea60" + "82" + "4100" + "41a0" + "00", RejectionCode.TrailingBytes },
                { "d9ea60" + "82" + "4100" + "42a000", RejectionCode.TrailingBytes },
                { "d9ea60" + "82" + "4100" + "42bfff", RejectionCode.EncodingInvalid },
                { "d9ea60" + "82" + "4100" + "5833" + "a1" + name + "5824" + "8207" + "5820" + hash, RejectionCode.AlgorithmUnsupported },
                { "d9ea60" + "82" + "4100" + "5832" + "a1" + name + "5823" + "8201" + "581f" + hash[2..], RejectionCode.ValueInvalid },
                { "d9ea60" + "82" + "4100" + "5834" + "a1" + name + "5825" + "8201" + "5820" + hash + "00", RejectionCode.TrailingBytes },
                { "d9ea60" + "82" + "4100" + "5834" + "a1" + name + "5825" + "8301" + "5820" + hash + "00", RejectionCode.EncodingInvalid },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public void Parse_BrokenForm_IsRefused(string extension, RejectionCode code) =>
        Rejections.AssertCode(code, () => RaTlsEvidence.Parse(Convert.FromHexString(extension)));

    [Fact]
    public void Parse_TwoKeyHashes_IsRefused()
    {
        byte[] claims = [0xA2, .. Claims[1..], .. Claims[1..]];

        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => RaTlsEvidence.Parse(RaTlsEvidence.Encode([1], claims)));
    }

    [Fact]
    public void Parse_TooManyClaims_IsRefused()
    {
        byte[] claims = [0xB8, 65, .. Claims[1..], .. Enumerable.Range(0, 64).SelectMany(index => new byte[] { 0x62, (byte)('0' + (index / 10)), (byte)('0' + (index % 10)), 0x40 })];

        Rejections.AssertCode(RejectionCode.TooLarge, () => RaTlsEvidence.Parse(RaTlsEvidence.Encode([1], claims)));
    }

    [Fact]
    public void Parse_OverTheLimit_IsRefused() =>
        Rejections.AssertCode(RejectionCode.TooLarge, () => RaTlsEvidence.Parse(RaTlsEvidence.Encode(new byte[RaTlsEvidence.MaxLength], Claims)));

    [Fact]
    public void FromCertificate_WithExtension_GivesTheEvidence()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var digest = Sha256Digest.OfPublicKey(key);
        using var certificate = Issue(key, RaTlsEvidence.ToExtension([1, 2, 3], RaTlsEvidence.EncodeClaims(digest)));

        Assert.Equal(digest, RaTlsEvidence.FromCertificate(certificate)!.KeyHash);
        Assert.False(certificate.Extensions[RaTlsEvidence.ExtensionOid]!.Critical);
    }

    [Fact]
    public void FromCertificate_WithoutExtension_IsNull()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Issue(key);

        Assert.Null(RaTlsEvidence.FromCertificate(certificate));
    }

    [Fact]
    public void FromCertificate_BrokenExtension_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Issue(key, new X509Extension(RaTlsEvidence.ExtensionOid, [0xA0], critical: false));

        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => RaTlsEvidence.FromCertificate(certificate));
    }

    [Fact]
    public void FromCertificate_TwoExtensions_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var extension = RaTlsEvidence.ToExtension([1, 2, 3], Claims);
        using var certificate = Issue(key, extension, new X509Extension("2.23.133.5.4.8", extension.RawData, critical: false));
        var bytes = certificate.RawData;
        bytes[bytes.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x06, 0x06, 0x67, 0x81, 0x05, 0x05, 0x04, 0x08]) + 7] = 0x09;
        using var twice = X509CertificateLoader.LoadCertificate(bytes);

        Rejections.AssertCode(RejectionCode.MemberDuplicate, () => RaTlsEvidence.FromCertificate(twice));
    }

    [Fact]
    public void ForRaTls_Claims_IsTheirSha256AndZeros()
    {
        byte[] expected = [.. SHA256.HashData(Claims), .. new byte[32]];

        Assert.Equal(expected, ReportData.ForRaTls(Claims).Bytes);
        Assert.NotEqual(ReportData.ForClaims(Claims), ReportData.ForRaTls(Claims));
    }

    private static X509Certificate2 Issue(ECDsa key, params IReadOnlyList<X509Extension> extensions)
    {
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        foreach (var extension in extensions)
        {
            request.CertificateExtensions.Add(extension);
        }

        return request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1));
    }
}
