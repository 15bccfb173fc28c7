using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.Tests.Evidence.Certificates;

/// <summary>Chains that are right in everything but one thing.</summary>
public sealed class CertificateChainTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ECDsa _root = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private readonly ECDsa _middle = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private readonly ECDsa _leaf = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose()
    {
        _root.Dispose();
        _middle.Dispose();
        _leaf.Dispose();
    }

    [Fact]
    public void Verify_RightInEverything_Holds() => Verify(Leaf(), Middle(), Root());

    [Fact]
    public void Verify_NothingButARoot_IsRefused() => Refuse(RejectionCode.ChainUntrusted, Root());

    [Fact]
    public void Verify_NineCertificates_IsRefused() => Refuse(RejectionCode.TooLarge, [Leaf(), .. Enumerable.Repeat(Middle(), 7), Root()]);

    [Fact]
    public void Verify_RootThatIsNotPinned_IsRefused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        Refuse(RejectionCode.ChainUntrusted, Leaf(), Issue("middle", _middle, "root", other, isAuthority: true), Issue("root", other, "root", other, isAuthority: true));
    }

    [Fact]
    public void Verify_PinnedKeyUnderAnotherName_DoesNotVouch() =>
        Refuse(RejectionCode.ChainUntrusted, Leaf(), Middle(), Issue("other", _root, "other", _root, isAuthority: true));

    [Fact]
    public void Verify_MissingIntermediate_IsRefused() => Refuse(RejectionCode.ChainUntrusted, Leaf(), Root());

    [Fact]
    public void Verify_ReversedOrder_IsRefused() => Refuse(RejectionCode.ChainUntrusted, Root(), Middle(), Leaf());

    [Fact]
    public void Verify_IntermediateThatIsNoAuthority_IsRefused() => Refuse(RejectionCode.ChainUntrusted, Leaf(), Issue("middle", _middle, "root", _root, isAuthority: false), Root());

    [Fact]
    public void Verify_IntermediateThatMayNotSignCertificates_IsRefused() =>
        Refuse(RejectionCode.ChainUntrusted, Leaf(), Issue("middle", _middle, "root", _root, isAuthority: true, usage: X509KeyUsageFlags.CrlSign), Root());

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void Verify_PathLengthOfTheRoot_LimitsTheIntermediates(int length, bool holds)
    {
        var root = Issue("root", _root, "root", _root, isAuthority: true, pathLength: length);
        if (holds)
        {
            Verify(Leaf(), Middle(), root);
        }
        else
        {
            Refuse(RejectionCode.ChainUntrusted, Leaf(), Middle(), root);
        }
    }

    [Fact]
    public void Verify_PathLengthOfAnIntermediate_LimitsThoseBelowIt()
    {
        using var lower = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var middle = Issue("middle", _middle, "root", _root, isAuthority: true, pathLength: 0);

        Verify(Leaf(), middle, Root());
        Refuse(RejectionCode.ChainUntrusted, Issue("leaf", _leaf, "lower", lower), Issue("lower", lower, "middle", _middle, isAuthority: true), middle, Root());
    }

    // A signature that held is remembered under its key and its algorithm.
    [Fact]
    public void Verify_SignatureThatHeldUnderAnotherKey_IsRefused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var leaf = Leaf();

        Verify(leaf, Middle(), Root());
        Refuse(RejectionCode.ChainUntrusted, leaf, Issue("middle", other, "root", _root, isAuthority: true), Root());
        Assert.True(VerifiedSignatures.Holds(Middle(), SignatureAlgorithm.EcdsaSha384, leaf.SignedBytes, leaf.Signature));
        Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => VerifiedSignatures.Holds(Middle(), SignatureAlgorithm.EcdsaSha256, leaf.SignedBytes, leaf.Signature));
    }

    [Fact]
    public void Verify_SignedByAnotherKeyOfTheSameName_IsRefused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        Refuse(RejectionCode.ChainUntrusted, Issue("leaf", _leaf, "middle", other), Middle(), Root());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Verify_AnyOfThemExpired_IsRefused(int index)
    {
        Certificate[] chain =
        [
            Issue("leaf", _leaf, "middle", _middle, to: index == 0 ? Now.AddSeconds(-1) : null),
            Issue("middle", _middle, "root", _root, isAuthority: true, to: index == 1 ? Now.AddSeconds(-1) : null),
            Issue("root", _root, "root", _root, isAuthority: true, to: index == 2 ? Now.AddSeconds(-1) : null),
        ];

        Refuse(RejectionCode.CertificateNotInValidity, chain);
    }

    [Fact]
    public void Verify_LastInstantOfValidity_Holds() => Verify(Issue("leaf", _leaf, "middle", _middle, to: Now), Middle(), Root());

    [Fact]
    public void Verify_NotYetValid_IsRefused() => Refuse(RejectionCode.CertificateNotInValidity, Issue("leaf", _leaf, "middle", _middle, from: Now.AddSeconds(1)), Middle(), Root());

    [Fact]
    public void Verify_CriticalExtensionThatNobodyReads_IsRefused()
    {
        var leaf = Issue("leaf", _leaf, "middle", _middle, extension: new("1.2.3.4", [5, 0], critical: true));

        Refuse(RejectionCode.ChainUntrusted, leaf, Middle(), Root());
        Rejections.AssertCode(RejectionCode.ChainUntrusted, () => CertificateChain.Verify([leaf, Middle(), Root()], Anchors, Now, knownCritical: "1.2.3.5"));
        CertificateChain.Verify([leaf, Middle(), Root()], Anchors, Now, knownCritical: "1.2.3.4");
    }

    [Fact]
    public void Parse_AnyBitOfTheSignedBytesFlipped_IsRefusedOrDoesNotVerify()
    {
        var leaf = Leaf();
        for (var index = 0; index < leaf.Encoded.Length; index++)
        {
            var bytes = leaf.Encoded.ToArray();
            bytes[index] ^= (byte)(1 << (index % 8));

            Assert.Throws<AttestationException>(() => CertificateChain.Verify([Certificate.Parse(bytes), Middle(), Root()], Anchors, Now));
        }
    }

    [Fact]
    public void Parse_TruncatedAnywhere_IsRefused()
    {
        var bytes = Leaf().Encoded;
        for (var length = 0; length < bytes.Length; length++)
        {
            Rejections.AssertCode(RejectionCode.EncodingInvalid, () => Certificate.Parse(bytes[..length]));
        }
    }

    [Fact]
    public void Parse_BytesAfterTheEnd_IsRefused() => Rejections.AssertCode(RejectionCode.TrailingBytes, () => Certificate.Parse((byte[])[.. Leaf().Encoded.Span, 0]));

    [Fact]
    public void Parse_TooLarge_IsRefused() => Rejections.AssertCode(RejectionCode.TooLarge, () => Certificate.Parse(new byte[Certificate.MaxLength + 1]));

    [Fact]
    public void Parse_ExtensionTwice_IsRefused()
    {
        var request = new CertificateRequest("CN=twice", _leaf, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new("1.2.3.4", [5, 0], critical: false));
        request.CertificateExtensions.Add(new("1.2.3.5", [5, 0], critical: false));
        using var certificate = request.CreateSelfSigned(Now, Now.AddDays(1));
        var bytes = certificate.RawData;
        bytes[bytes.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x06, 0x03, 0x2A, 0x03, 0x05]) + 4] = 4;

        Rejections.AssertCode(RejectionCode.MemberDuplicate, () => Certificate.Parse(bytes));
    }

    [Fact]
    public void Parse_AlgorithmThatNoVendorUses_IsRefused()
    {
        var request = new CertificateRequest("CN=sha512", _leaf, HashAlgorithmName.SHA512);
        using var certificate = request.CreateSelfSigned(Now, Now.AddDays(1));

        Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => Certificate.Parse(certificate.RawData));
    }

    [Fact]
    public void Verify_PssWithAnotherSaltOrDigest_IsRefused()
    {
        using var rsa = RSA.Create(2048);
        foreach (var digest in new[] { HashAlgorithmName.SHA256, HashAlgorithmName.SHA512 })
        {
            var request = new CertificateRequest("CN=pss", rsa, digest, RSASignaturePadding.Pss);
            using var certificate = request.CreateSelfSigned(Now, Now.AddDays(1));

            Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => Certificate.Parse(certificate.RawData));
        }
    }

    [Theory]
    [InlineData("P-521")]
    [InlineData("brainpool")]
    public void IsSignedBy_KeyOfAnotherCurve_IsRefused(string curve)
    {
        using var key = ECDsa.Create(curve == "P-521" ? ECCurve.NamedCurves.nistP521 : ECCurve.NamedCurves.brainpoolP256r1);
        var issuer = Issue("root", key, "root", key, isAuthority: true);

        Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => issuer.IsSignedBy(issuer));
    }

    [Fact]
    public void ImportRsa_SmallOrHugeKey_IsRefused()
    {
        Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => PublicKeyInfo.ImportRsa([.. Enumerable.Repeat((byte)0xFF, 128)], [1, 0, 1]));
        Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => PublicKeyInfo.ImportRsa([.. Enumerable.Repeat((byte)0xFF, 1024)], [1, 0, 1]));
        foreach (var exponent in new byte[][] { [1, 0, 0, 0, 1], [], [0], [1], [2] })
        {
            Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => PublicKeyInfo.ImportRsa([.. Enumerable.Repeat((byte)0xFF, 256)], exponent));
        }
    }

    [Fact]
    public void ImportPoint_NotOnTheCurve_IsRefused() =>
        Rejections.AssertCode(RejectionCode.ValueInvalid, () => PublicKeyInfo.ImportPoint(new byte[64], ECCurve.NamedCurves.nistP256));

    [Fact]
    public void ImportP384_PointThatIsNotOnTheCurve_IsRefused()
    {
        var bytes = Middle().Encoded.ToArray();
        var key = Middle().SubjectPublicKeyInfo;
        bytes[bytes.AsSpan().IndexOf(key.Span) + key.Length - 1] ^= 1;

        Rejections.AssertCode(RejectionCode.ValueInvalid, () => Certificate.Parse(bytes).ImportP384());
        Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => Leaf().ImportP384());
        Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => Middle().ImportP256());
    }

    [Fact]
    public void Verify_RootPinnedAsAWhole_NeedsNoSignatureOfItsOwnAndNoOtherIsPinned()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var unsigned = Issue("root", _root, "root", other, isAuthority: true);

        Refuse(RejectionCode.ChainUntrusted, Leaf(), Middle(), unsigned);
        CertificateChain.Verify([Leaf(), Middle(), unsigned], new([Sha256Digest.OfPublicKey(_root)]) { Certificates = [Sha256Digest.Of(unsigned.Encoded.Span)] }, Now);
    }

    [Fact]
    public void ReadCertificates_PemInEveryForm_AreRead()
    {
        var pem = $"{PemOf(Leaf())}\n{PemOf(Middle())}\r\n{PemOf(Root())}";

        Assert.Equal(["leaf", "middle", "root"], Pem.ReadCertificates(Encoding.ASCII.GetBytes(pem)).Select(certificate => certificate.SubjectCommonName));
        Assert.Equal(3, Pem.ReadCertificates(Encoding.ASCII.GetBytes(pem + "\n\0")).Count);
        Assert.Equal(2, Pem.ReadCertificates((byte[])[.. Leaf().Encoded.Span, .. Middle().Encoded.Span]).Count);
    }

    [Fact]
    public void ReadCertificates_SomethingElse_IsRefused()
    {
        var pem = PemOf(Leaf());
        foreach (var text in new[] { "", "certificate", "x" + pem, pem + "x" + pem, pem + "\n\0x", pem.Replace("CERTIFICATE", "PRIVATE KEY", StringComparison.Ordinal), "ü" })
        {
            Rejections.AssertCode(RejectionCode.EncodingInvalid, () => Pem.ReadCertificates(Encoding.UTF8.GetBytes(text)));
        }

        Rejections.AssertCode(RejectionCode.TooLarge, () => Pem.ReadCertificates(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(pem + "\n", 17)))));
        Rejections.AssertCode(RejectionCode.TooLarge, () => Pem.ReadCertificates(new byte[300_000]));
        Rejections.AssertCode(RejectionCode.TooLarge, () => Pem.ReadCertificates(Enumerable.Repeat(Leaf().Encoded.ToArray(), 17).SelectMany(bytes => bytes).ToArray()));
    }

    [Fact]
    public void RevocationList_DeltaOrPartialList_IsRefused()
    {
        foreach (var oid in new[] { "2.5.29.27", "2.5.29.28" })
        {
            Rejections.AssertCode(RejectionCode.ValueInvalid, () => RevocationList.Parse(ListWith(oid)));
        }

        Assert.Empty(RevocationList.Parse(ListWith("2.5.29.20")).Revoked);
    }

    [Fact]
    public void RevocationList_CriticalExtensionOfListOrEntry_IsRefused()
    {
        Rejections.AssertCode(RejectionCode.ValueInvalid, () => RevocationList.Parse(ListWith("1.2.3.4", isCritical: true)));
        Rejections.AssertCode(RejectionCode.ValueInvalid, () => RevocationList.Parse(ListWith("2.5.29.20", entryExtension: "2.5.29.29")));
        Assert.Single(RevocationList.Parse(ListWith("2.5.29.20", entryExtension: "2.5.29.21", isEntryCritical: false)).Revoked);
    }

    [Fact]
    public void Verify_HashOfAnotherCurve_IsRefused()
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var mixed = Issue("root", p384, "root", p384, isAuthority: true, hash: HashAlgorithmName.SHA256);

        Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => mixed.IsSignedBy(mixed));
    }

    [Fact]
    public void Parse_SignatureThatIsNoWholeNumberOfBytes_IsRefused()
    {
        // The last BIT STRING of a certificate is its signature; its first byte counts the unused bits.
        var leaf = Leaf();
        var bytes = leaf.Encoded.ToArray();
        var signature = bytes.Length - leaf.Signature.Length - 1;
        bytes[signature] = 1;
        bytes[^1] &= 0xFE;

        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => Certificate.Parse(bytes));
    }

    [Fact]
    public void ReadCertificates_ManyBeginnings_IsRefusedAtOnce()
    {
        var text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("-----BEGIN A-----\n", 10_000)));

        Rejections.AssertCode(RejectionCode.TooLarge, () => Pem.ReadCertificates(text));
        Rejections.AssertCode(RejectionCode.TooLarge, () => RevocationList.Parse(text));
    }

    [Fact]
    public void RevocationList_TooLargeOrBroken_IsRefused()
    {
        Rejections.AssertCode(RejectionCode.TooLarge, () => RevocationList.Parse(new byte[(2 * RevocationList.MaxLength) + 1]));
        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => RevocationList.Parse("zz"u8.ToArray()));
        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => RevocationList.Parse("-----BEGIN X509 CRL-----\nAAAA"u8.ToArray()));
        Rejections.AssertCode(RejectionCode.TrailingBytes, () => RevocationList.Parse((byte[])[.. ListWith("2.5.29.20"), 0]));
    }

    [Fact]
    public void RevocationList_IssuerThatMayNotSignLists_IsRefused()
    {
        var list = RevocationList.Parse(ListWith("2.5.29.20"));
        var root = Issue("root", _root, "root", _root, isAuthority: true, usage: X509KeyUsageFlags.KeyCertSign);

        Rejections.AssertCode(RejectionCode.CollateralSignatureInvalid, () => list.Verify(root, Now));
        list.Verify(Root(), Now);
        Rejections.AssertCode(RejectionCode.CollateralNotYetValid, () => list.Verify(Root(), Now.AddDays(-2)));
    }

    private TrustAnchors Anchors => new([Sha256Digest.OfPublicKey(_root)]);

    private Certificate Root() => Issue("root", _root, "root", _root, isAuthority: true);

    private Certificate Middle() => Issue("middle", _middle, "root", _root, isAuthority: true);

    private Certificate Leaf() => Issue("leaf", _leaf, "middle", _middle);

    private void Verify(params Certificate[] chain) => CertificateChain.Verify(chain, Anchors, Now);

    private void Refuse(RejectionCode expected, params Certificate[] chain) => Rejections.AssertCode(expected, () => Verify(chain));

    private static string PemOf(Certificate certificate) => PemEncoding.WriteString("CERTIFICATE", certificate.Encoded.Span);

    private static Certificate Issue(
        string subject, ECDsa key, string issuer, ECDsa issuerKey, bool isAuthority = false, int? pathLength = null, DateTimeOffset? from = null, DateTimeOffset? to = null,
        X509KeyUsageFlags? usage = null, X509Extension? extension = null, HashAlgorithmName? hash = null)
    {
        var request = new CertificateRequest($"CN={subject}", key, hash ?? HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, pathLength is not null, pathLength ?? 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage ?? (isAuthority ? X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign : X509KeyUsageFlags.DigitalSignature), critical: true));
        if (extension is not null)
        {
            request.CertificateExtensions.Add(extension);
        }

        using var certificate = request.Create(new X500DistinguishedName($"CN={issuer}"), X509SignatureGenerator.CreateForECDsa(issuerKey), from ?? Now.AddDays(-1), to ?? Now.AddDays(1), [1, 2, 3]);
        return Certificate.Parse(certificate.RawData);
    }

    // The library makes complete lists only, so this one is written by hand.
    private byte[] ListWith(string extension, bool isCritical = false, string? entryExtension = null, bool isEntryCritical = true)
    {
        var body = new AsnWriter(AsnEncodingRules.DER);
        using (body.PushSequence())
        {
            body.WriteInteger(1);
            WriteAlgorithm(body);
            body.WriteEncodedValue(new X500DistinguishedName("CN=root").RawData);
            body.WriteUtcTime(Now.AddDays(-1));
            body.WriteUtcTime(Now.AddDays(1));
            if (entryExtension is not null)
            {
                using (body.PushSequence())
                using (body.PushSequence())
                {
                    body.WriteInteger(77);
                    body.WriteUtcTime(Now.AddDays(-1));
                    using (body.PushSequence())
                    {
                        WriteExtension(body, entryExtension, isEntryCritical);
                    }
                }
            }

            using (body.PushSequence(new(TagClass.ContextSpecific, 0)))
            using (body.PushSequence())
            {
                WriteExtension(body, extension, isCritical);
            }
        }

        var signed = body.Encode();
        var list = new AsnWriter(AsnEncodingRules.DER);
        using (list.PushSequence())
        {
            list.WriteEncodedValue(signed);
            WriteAlgorithm(list);
            list.WriteBitString(_root.SignData(signed, HashAlgorithmName.SHA384, DSASignatureFormat.Rfc3279DerSequence));
        }

        return list.Encode();
    }

    private static void WriteExtension(AsnWriter writer, string oid, bool isCritical)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            if (isCritical)
            {
                writer.WriteBoolean(true);
            }

            writer.WriteOctetString([2, 1, 1]);
        }
    }

    private static void WriteAlgorithm(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.10045.4.3.3");
        }
    }
}
