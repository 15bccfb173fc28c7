using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.Tests.Evidence.Certificates;

/// <summary>Encodings that say more than they may, or the same in two ways.</summary>
public sealed class CertificateEncodingTests : IDisposable
{
    private const string Sha256 = "2.16.840.1.101.3.4.2.1";
    private const string Sha384 = "2.16.840.1.101.3.4.2.2";
    private const string Mgf1 = "1.2.840.113549.1.1.8";

    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose() => _key.Dispose();

    // Where in a certificate: the child of each part, from the outermost on.
    [Theory]
    [InlineData]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(0, 4)]
    [InlineData(0, 7)]
    [InlineData(0, 7, 0, 0)]
    public void Parse_CertificateWithMoreThanItsMembers_IsRefused(params int[] path)
    {
        foreach (var digest in new[] { HashAlgorithmName.SHA256, HashAlgorithmName.SHA384 })
        {
            var certificate = Issue(digest, new X509BasicConstraintsExtension(true, false, 0, critical: true));
            Certificate.Parse(certificate);

            Rejections.AssertCode(RejectionCode.EncodingInvalid, () => Certificate.Parse(WithNull(certificate, path)));
        }
    }

    [Theory]
    [InlineData(19, "30060101FF0201FF", RejectionCode.ValueInvalid)]   // a path length of -1
    [InlineData(19, "300B0101FF020601FFFFFFFFFF", RejectionCode.ValueInvalid)]
    [InlineData(19, "30080101FF020101 0500", RejectionCode.EncodingInvalid)]
    [InlineData(19, "30030101FF 0500", RejectionCode.EncodingInvalid)]
    [InlineData(15, "03020106 0500", RejectionCode.EncodingInvalid)]
    public void Parse_ExtensionThatIsNone_IsRefused(byte oid, string value, RejectionCode expected)
    {
        // Issued under an OID that the library does not read: 2.5.29.100.
        var certificate = Issue(HashAlgorithmName.SHA384, new X509Extension("2.5.29.100", Convert.FromHexString(value.Replace(" ", "", StringComparison.Ordinal)), critical: true));

        Rejections.AssertCode(expected, () => Certificate.Parse(Replace(certificate, "0603551D64", $"0603551D{oid:X2}")));
    }

    [Fact]
    public void Parse_TooManyExtensions_IsRefused()
    {
        X509Extension[] extensions = [.. Enumerable.Range(0, 33).Select(number => new X509Extension($"1.2.3.{number}", [5, 0], critical: false))];
        Certificate.Parse(Issue(HashAlgorithmName.SHA384, extensions[..32]));

        Rejections.AssertCode(RejectionCode.TooLarge, () => Certificate.Parse(Issue(HashAlgorithmName.SHA384, extensions)));
    }

    [Fact]
    public void Parse_CertificateOfAnotherVersion_IsRefused() =>
        Rejections.AssertCode(RejectionCode.VersionUnsupported, () => Certificate.Parse(Replace(Issue(HashAlgorithmName.SHA384), "A003020102", "A003020101")));

    [Fact]
    public void Parse_CertificateThatNamesTwoAlgorithms_IsRefused() =>
        Rejections.AssertCode(RejectionCode.ValueInvalid, () => Certificate.Parse(Replace(Issue(HashAlgorithmName.SHA384), "2A8648CE3D040303", "2A8648CE3D040302")));

    [Theory]
    [InlineData(Sha384, Mgf1, Sha384, 48, null, true)]
    [InlineData(Sha384, Mgf1, Sha384, 48, 1, true)]
    [InlineData(Sha256, Mgf1, Sha384, 48, null, false)]
    [InlineData(Sha384, "1.2.840.113549.1.1.9", Sha384, 48, null, false)]
    [InlineData(Sha384, Mgf1, Sha256, 48, null, false)]
    [InlineData(Sha384, Mgf1, Sha384, 32, null, false)]
    [InlineData(Sha384, Mgf1, Sha384, 48, 2, false)]
    public void ReadSignatureAlgorithm_PssParameters_AreThoseThatAmdUses(string hash, string mask, string maskHash, int salt, int? trailer, bool holds)
    {
        var algorithm = Pss(hash, mask, maskHash, salt, trailer);
        if (holds)
        {
            Assert.Equal(SignatureAlgorithm.RsaPssSha384, ReadAlgorithm(algorithm));
            Rejections.AssertCode(RejectionCode.EncodingInvalid, () => ReadAlgorithm(WithNull(algorithm)));
            Rejections.AssertCode(RejectionCode.EncodingInvalid, () => ReadAlgorithm(WithNull(algorithm, 1)));
        }
        else
        {
            Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => ReadAlgorithm(algorithm));
        }
    }

    [Fact]
    public void ImportRsa_KeyInAnotherEncoding_IsRefused()
    {
        using var rsa = RSA.Create(2048);
        var key = rsa.ExportSubjectPublicKeyInfo();
        PublicKeyInfo.ImportRsa(key).Dispose();

        Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => PublicKeyInfo.ImportRsa(Replace(key, "2A864886F70D010101", "2A864886F70D01010A")));
        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => PublicKeyInfo.ImportRsa((byte[])[.. key, 5, 0]));
        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => PublicKeyInfo.ImportRsa(WithNull(key)));
        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => PublicKeyInfo.ImportRsa(WithBits(key, [.. rsa.ExportRSAPublicKey(), 5, 0])));
        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => PublicKeyInfo.ImportRsa(WithBits(key, WithNull(rsa.ExportRSAPublicKey()))));
        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => PublicKeyInfo.ImportRsa(WithBits(key, [.. rsa.ExportRSAPublicKey()[..^1], 0x10], unused: 4)));
    }

    [Fact]
    public void ImportP256_KeyInAnotherEncoding_IsRefused()
    {
        var key = _key.ExportSubjectPublicKeyInfo();
        PublicKeyInfo.ImportP256(key).Dispose();

        Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => PublicKeyInfo.ImportP256(Replace(key, "2A8648CE3D030107", "2A8648CE3D030101")));
        Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => PublicKeyInfo.ImportP256([.. key, 0]));
        Rejections.AssertCode(RejectionCode.AlgorithmUnsupported, () => PublicKeyInfo.ImportP256(key.AsSpan(..^1)));
    }

    // The members of a list: version, algorithm, issuer, two times, the revoked, extensions.
    [Theory]
    [InlineData]
    [InlineData(0)]
    [InlineData(0, 6)]
    public void RevocationList_WithMoreThanItsMembers_IsRefused(params int[] path)
    {
        RevocationList.Parse(List());

        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => RevocationList.Parse(WithNull(List(), path)));
    }

    [Fact]
    public void RevocationList_OfAnotherForm_IsRefused()
    {
        Rejections.AssertCode(RejectionCode.VersionUnsupported, () => RevocationList.Parse(List(version: 0)));
        Rejections.AssertCode(RejectionCode.VersionUnsupported, () => RevocationList.Parse(List(version: null)));
        Rejections.AssertCode(RejectionCode.ValueInvalid, () => RevocationList.Parse(Replace(List(), "2A8648CE3D040303", "2A8648CE3D040302")));
        Rejections.AssertCode(RejectionCode.MemberDuplicate, () => RevocationList.Parse(List(serials: [7, 7])));
        byte[] large = [0x30, 0x83, .. new byte[RevocationList.MaxLength]];
        Rejections.AssertCode(RejectionCode.TooLarge, () => RevocationList.Parse(large));
    }

    [Fact]
    public void RevocationList_PemOfSomethingElse_IsRefused()
    {
        var pem = PemEncoding.WriteString("X509 CRL", List());
        RevocationList.Parse(Encoding.ASCII.GetBytes(pem + "\n"));

        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => RevocationList.Parse(Encoding.ASCII.GetBytes(PemEncoding.WriteString("CERTIFICATE", List()))));
        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => RevocationList.Parse(Encoding.ASCII.GetBytes(pem + "\n" + pem)));
    }

    [Fact]
    public void ReadCertificates_TextBeforeTheFirst_IsRefused()
    {
        var pem = PemEncoding.WriteString("CERTIFICATE", Issue(HashAlgorithmName.SHA384));

        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => Pem.ReadCertificates(Encoding.ASCII.GetBytes("x\n" + pem)));
    }

    [Fact]
    public void ReportData_OfAnotherLength_IsRefused() => Rejections.AssertCode(RejectionCode.ValueInvalid, () => ReportData.Parse(new byte[ReportData.Length - 1]));

    private byte[] Issue(HashAlgorithmName digest, params X509Extension[] extensions)
    {
        var request = new CertificateRequest("CN=encoded", _key, digest);
        Array.ForEach(extensions, request.CertificateExtensions.Add);
        using var certificate = request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(1));
        return certificate.RawData;
    }

    // Appends NULL to the part at a path: its lengths all the way up are right.
    private static byte[] WithNull(byte[] der, params ReadOnlySpan<int> path)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        var reader = new AsnReader(der, AsnEncodingRules.DER);
        var tag = reader.PeekTag();
        var members = reader.ReadSequence(tag);
        using (writer.PushSequence(tag))
        {
            for (var index = 0; members.HasData; index++)
            {
                var member = members.ReadEncodedValue();
                writer.WriteEncodedValue(!path.IsEmpty && index == path[0] ? WithNull(member.ToArray(), path[1..]) : member.Span);
            }

            if (path.IsEmpty)
            {
                writer.WriteNull();
            }
        }

        return writer.Encode();
    }

    private static byte[] WithBits(byte[] key, byte[] bits, int unused = 0)
    {
        var algorithm = new AsnReader(key, AsnEncodingRules.DER).ReadSequence().ReadEncodedValue();
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(algorithm.Span);
            writer.WriteBitString(bits, unused);
        }

        return writer.Encode();
    }

    // The first place alone.
    private static byte[] Replace(byte[] bytes, string old, string value)
    {
        var changed = bytes.ToArray();
        Convert.FromHexString(value).CopyTo(changed, changed.AsSpan().IndexOf(Convert.FromHexString(old)));
        return changed;
    }

    private static SignatureAlgorithm ReadAlgorithm(byte[] algorithm) => Der.Read(algorithm, "An algorithm", Der.ReadSignatureAlgorithm);

    private static byte[] Pss(string hash, string mask, string maskHash, int salt, int? trailer)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.1.10");
            using (writer.PushSequence())
            {
                Tagged(writer, 0, () => WriteAlgorithm(writer, hash));
                Tagged(writer, 1, () => WriteAlgorithm(writer, mask, () => WriteAlgorithm(writer, maskHash)));
                Tagged(writer, 2, () => writer.WriteInteger(salt));
                if (trailer is { } field)
                {
                    Tagged(writer, 3, () => writer.WriteInteger(field));
                }
            }
        }

        return writer.Encode();
    }

    private byte[] List(int? version = 1, params byte[] serials)
    {
        const string EcdsaSha384 = "1.2.840.10045.4.3.3";
        var body = new AsnWriter(AsnEncodingRules.DER);
        using (body.PushSequence())
        {
            if (version is { } number)
            {
                body.WriteInteger(number);
            }

            WriteAlgorithm(body, EcdsaSha384);
            body.WriteEncodedValue(new X500DistinguishedName("CN=root").RawData);
            body.WriteUtcTime(Now.AddDays(-1));
            body.WriteUtcTime(Now.AddDays(1));
            using (body.PushSequence())
            {
                foreach (var serial in serials is [] ? [7] : serials)
                {
                    using (body.PushSequence())
                    {
                        body.WriteInteger(serial);
                        body.WriteUtcTime(Now.AddDays(-1));
                    }
                }
            }

            Tagged(body, 0, () =>
            {
                using (body.PushSequence())
                {
                    WriteAlgorithm(body, "2.5.29.20", () => body.WriteOctetString([2, 1, 1]));
                }
            });
        }

        var list = new AsnWriter(AsnEncodingRules.DER);
        using (list.PushSequence())
        {
            list.WriteEncodedValue(body.Encode());
            WriteAlgorithm(list, EcdsaSha384);
            list.WriteBitString(_key.SignData(body.Encode(), HashAlgorithmName.SHA384, DSASignatureFormat.Rfc3279DerSequence));
        }

        return list.Encode();
    }

    private static void Tagged(AsnWriter writer, int tag, Action write)
    {
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, tag)))
        {
            write();
        }
    }

    private static void WriteAlgorithm(AsnWriter writer, string oid, Action? parameters = null)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            parameters?.Invoke();
        }
    }
}
