using System.Text;
using BlindAI.Attestation.Evidence.Certificates;
using BlindAI.Attestation.NvidiaGpu;
using BlindAI.Testing;

namespace BlindAI.Attestation.Tests.NvidiaGpu;

/// <summary>What a RIM file must be, and what a forger may try: docs/attestation.md, clauses 15.7 and 15.8.</summary>
public sealed class RimFileTests : IDisposable
{
    private readonly ForgedP384Chain _signer = new(["CoRIM Root CA", "Reference Value CA", "RIM Signer"], ForgedGpu.Now.AddYears(-1), ForgedGpu.Now.AddYears(10), ForgedGpu.Now.AddYears(1));

    private readonly ForgedRim _rim = new()
    {
        Version = ForgedGpu.DriverVersion,
        Active = new() { [0] = [ForgedGpu.Measurement(1)], [7] = [ForgedGpu.Measurement(8), new byte[48]] },
    };

    [Fact]
    public void Verify_RightFile_GivesItsActiveMeasurements()
    {
        var file = Verify(_rim.Sign(_signer));

        Assert.Equal(ForgedGpu.DriverVersion, file.Version);
        Assert.Equal([0, 7], file.Active.Keys.Order());
        Assert.Equal(2, file.Active[7].Count);
        Assert.Equal(ForgedGpu.Now.AddYears(1), file.ValidUntil);
    }

    [Fact]
    public void Verify_SameFileInAnotherSpelling_Holds()
    {
        _rim.EditSigned = text => "<?xml version=\"1.0\"?>\n" + text.Replace("></Resource>", "/>", StringComparison.Ordinal)
            .Replace("<Meta colloquialVersion=\"550.90.07\" product=\"GH100\">", "<Meta   product='GH100'\n colloquialVersion=\"550.90&#x2E;07\" >", StringComparison.Ordinal)
            .Replace("\n", "\r\n", StringComparison.Ordinal);

        Assert.Equal(ForgedGpu.DriverVersion, Verify(_rim.Sign(_signer)).Version);
    }

    [Fact]
    public void Verify_ValuesThatCanonicalFormEscapes_Hold()
    {
        _rim.Edit = text => text.Replace("<Payload>", "<Note at=\"&lt;&amp;&quot;&#x9;&#xA;&#xD;>\">&lt;&amp;&gt;&#xD;\"</Note><Payload>", StringComparison.Ordinal);

        Verify(_rim.Sign(_signer));
    }

    [Fact]
    public void Verify_NamespacesDeclaredAgainAndTakenBack_AreWrittenAsTheStandardSays()
    {
        const string Canonical = "<a:Note xmlns:a=\"urn:a\" b=\"1\" a:b=\"2\"><Inner xmlns=\"\"><a:Leaf></a:Leaf></Inner></a:Note><Payload>";
        _rim.Edit = text => text.Replace("<Payload>", Canonical, StringComparison.Ordinal);
        _rim.EditSigned = text => text.Replace(Canonical, "<a:Note a:b=\"2\" b=\"1\" xmlns:a=\"urn:a\" xmlns=\"" + ForgedRim.Swid + "\"><Inner xmlns=\"\"><a:Leaf xmlns:a=\"urn:a\" xmlns=\"\"/></Inner></a:Note><Payload>", StringComparison.Ordinal);

        Verify(_rim.Sign(_signer));
    }

    // Step 1: the profile.
    public static TheoryData<string, string, RejectionCode> OutsideTheProfile => new()
    {
        { "<SoftwareIdentity", "<!DOCTYPE x><SoftwareIdentity", RejectionCode.EncodingInvalid },
        { "<SoftwareIdentity", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><SoftwareIdentity", RejectionCode.EncodingInvalid },
        { "<SoftwareIdentity", "<!-- x --><SoftwareIdentity", RejectionCode.EncodingInvalid },
        { "<Payload>", "<!-- x --><Payload>", RejectionCode.EncodingInvalid },
        { "<Payload>", "<?x y?><Payload>", RejectionCode.EncodingInvalid },
        { "<Payload>", "<![CDATA[x]]><Payload>", RejectionCode.EncodingInvalid },
        { "<Payload>", "<Payload xml:id=\"x\">", RejectionCode.EncodingInvalid },
        { "<Payload>", "<Payload xmlns:xml=\"http://www.w3.org/XML/1998/namespace\">", RejectionCode.EncodingInvalid },
        { "<Payload>", "<Payload>\u00e9", RejectionCode.EncodingInvalid },
        { "<Payload>", "<Payload>&e;", RejectionCode.EncodingInvalid },
        { "</Payload>", "", RejectionCode.EncodingInvalid },
        { "</SoftwareIdentity>", "</SoftwareIdentity><x></x>", RejectionCode.EncodingInvalid },
        { "<Payload>", "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a><Payload>", RejectionCode.TooLarge },
    };

    [Theory]
    [MemberData(nameof(OutsideTheProfile))]
    public void Verify_FileOutsideTheProfile_IsRefused(string part, string replacement, RejectionCode code)
    {
        _rim.EditSigned = text => text.Replace(part, replacement, StringComparison.Ordinal);

        AssertRefused(code);
    }

    [Fact]
    public void Verify_FileOverTheLimits_IsRefused()
    {
        Rejections.AssertCode(RejectionCode.TooLarge, () => Verify(new byte[RimElement.MaxLength + 1]));
        _rim.EditSigned = text => text.Replace("<Payload>", string.Concat(Enumerable.Repeat("<a/>", 1024)) + "<Payload>", StringComparison.Ordinal);
        AssertRefused(RejectionCode.TooLarge);
        _rim.EditSigned = text => text.Replace("<Payload>", $"<Payload {string.Join(' ', Enumerable.Range(0, 65).Select(number => $"a{number}=\"\""))}>", StringComparison.Ordinal);
        AssertRefused(RejectionCode.TooLarge);
    }

    public static TheoryData<string, string, RejectionCode> BadSignatures => new()
    {
        { "<ds:SignatureValue>", "<ds:SignatureValue>!", RejectionCode.EncodingInvalid },
        { "<ds:SignatureValue>", "<ds:SignatureValue>AAAA", RejectionCode.ValueInvalid },
        { "<ds:DigestValue>", "<ds:DigestValue>AAAA", RejectionCode.ValueInvalid },
        { "</ds:KeyInfo>", "</ds:KeyInfo><ds:Object></ds:Object>", RejectionCode.EncodingInvalid },
        { "<ds:X509Data>", "<ds:KeyValue></ds:KeyValue><ds:X509Data>", RejectionCode.EncodingInvalid },
        { "<ds:X509Data>", "<ds:X509Data><ds:X509Crl></ds:X509Crl>", RejectionCode.EncodingInvalid },
        { "<ds:X509Data>", "<ds:X509Data><ds:X509Certificate></ds:X509Certificate>", RejectionCode.EncodingInvalid },
        { "<ds:X509Data>", "<ds:X509Data><ds:X509Certificate/><ds:X509Certificate/><ds:X509Certificate/><ds:X509Certificate/><ds:X509Certificate/><ds:X509Certificate/>", RejectionCode.TooLarge },
        { "</ds:Signature>", "</ds:Signature><ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"></ds:Signature>", RejectionCode.MemberDuplicate },
        { "<Payload>", "<Payload><ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"></ds:Signature>", RejectionCode.MemberDuplicate },
        { "xmldsig#\"><ds:SignedInfo>", "xmldsig#x\"><ds:SignedInfo>", RejectionCode.MemberMissing },
    };

    [Theory]
    [MemberData(nameof(BadSignatures))]
    public void Verify_SignatureOutsideTheProfile_IsRefused(string part, string replacement, RejectionCode code)
    {
        _rim.EditSigned = text => text.Replace(part, replacement, StringComparison.Ordinal);

        AssertRefused(code);
    }

    // The signature holds, for its own parts are not signed but for the signed info; and yet it is not the one profile.
    [Theory]
    [InlineData("ds:KeyInfo>", "ds:Other>")]
    [InlineData("ds:KeyInfo>", "KeyInfo>")]
    [InlineData("ds:X509Certificate>", "ds:Other>")]
    [InlineData("ds:X509Certificate>", "X509Certificate>")]
    public void Verify_PartOfTheSignatureUnderAnotherName_IsRefused(string part, string replacement)
    {
        _rim.EditSigned = text => text.Replace(part, replacement, StringComparison.Ordinal);

        AssertRefused(RejectionCode.EncodingInvalid);
    }

    [Fact]
    public void Verify_NoCertificate_IsRefused()
    {
        _signer.Certificates.Clear();

        AssertRefused(RejectionCode.EncodingInvalid);
    }

    // The signer itself signs this, and yet it is not the one profile.
    [Theory]
    [InlineData("URI=\"\"", "URI=\"#x\"", RejectionCode.ValueInvalid)]
    [InlineData(" URI=\"\"", "", RejectionCode.ValueInvalid)]
    [InlineData("2006/12/xml-c14n11\"></ds:CanonicalizationMethod>", "2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod>", RejectionCode.AlgorithmUnsupported)]
    [InlineData("#ecdsa-sha384", "#ecdsa-sha256", RejectionCode.AlgorithmUnsupported)]
    [InlineData("#enveloped-signature", "#base64", RejectionCode.AlgorithmUnsupported)]
    [InlineData("2006/12/xml-c14n11\"></ds:Transform>", "1999/REC-xslt-19991116\"></ds:Transform>", RejectionCode.AlgorithmUnsupported)]
    [InlineData("xmldsig-more#sha384", "xmlenc#sha256", RejectionCode.AlgorithmUnsupported)]
    [InlineData("</ds:Reference>", "</ds:Reference><ds:Reference URI=\"#x\"></ds:Reference>", RejectionCode.EncodingInvalid)]
    [InlineData("</ds:Transforms>", "<ds:Transform Algorithm=\"x\"></ds:Transform></ds:Transforms>", RejectionCode.EncodingInvalid)]
    [InlineData("</ds:DigestMethod>", "<x></x></ds:DigestMethod>", RejectionCode.EncodingInvalid)]
    public void Verify_SignedInfoOutsideTheProfile_IsRefused(string part, string replacement, RejectionCode code)
    {
        _rim.EditSignedInfo = text => text.Replace(part, replacement, StringComparison.Ordinal);

        AssertRefused(code);
    }

    // Step 2.
    [Fact]
    public void Verify_OtherRoot_IsRefused()
    {
        using var other = new ForgedP384Chain(["CoRIM Root CA", "RIM Signer"], ForgedGpu.Now.AddYears(-1), ForgedGpu.Now.AddYears(1));

        Rejections.AssertCode(RejectionCode.ChainUntrusted, () => Verify(_rim.Sign(other)));
    }

    [Fact]
    public void Verify_AfterTheEndOfTheSigner_IsRefused() =>
        Rejections.AssertCode(RejectionCode.CertificateNotInValidity, () => RimFile.Verify(_rim.Sign(_signer), new TrustAnchors(_signer.Root), ForgedGpu.Now.AddYears(2)));

    // Step 3.
    [Fact]
    public void Verify_SignedByAKeyThatNobodyVouchesFor_IsRefused()
    {
        using var other = new ForgedP384Chain(["CoRIM Root CA", "RIM Signer"], ForgedGpu.Now.AddYears(-1), ForgedGpu.Now.AddYears(1));
        other.Certificates.Clear();
        other.Certificates.AddRange(_signer.Certificates);

        Rejections.AssertCode(RejectionCode.CollateralSignatureInvalid, () => Verify(_rim.Sign(other)));
    }

    // Step 4.
    [Theory]
    [InlineData("colloquialVersion=\"550.90.07\"", "colloquialVersion=\"550.90.08\"")]
    [InlineData("active=\"True\"", "active=\"False\"")]
    [InlineData("<Payload>", "<Payload> ")]
    [InlineData("</Payload>", "<Resource type=\"Measurement\"></Resource></Payload>")]
    [InlineData(" name=\"GH100\"", "")]
    public void Verify_FileChangedAfterItWasSigned_IsRefused(string part, string replacement)
    {
        _rim.EditSigned = text => text.Replace(part, replacement, StringComparison.Ordinal);

        AssertRefused(RejectionCode.CollateralSignatureInvalid);
    }

    [Fact]
    public void Verify_GenuineFileWrappedInAnother_IsRefused()
    {
        var genuine = Encoding.ASCII.GetString(_rim.Sign(_signer));
        var start = genuine.IndexOf("<ds:Signature", StringComparison.Ordinal);
        var end = genuine.IndexOf("</ds:Signature>", StringComparison.Ordinal) + "</ds:Signature>".Length;
        var (signature, signed) = (genuine[start..end], genuine.Remove(start, end - start));
        var wrapped = $"<SoftwareIdentity xmlns=\"{ForgedRim.Swid}\"><Meta colloquialVersion=\"1\"/><Payload/><Extra>{signed}</Extra>{signature}</SoftwareIdentity>";

        Rejections.AssertCode(RejectionCode.CollateralSignatureInvalid, () => Verify(Encoding.ASCII.GetBytes(wrapped)));
    }

    // What is hidden in the signature is left out of the digest, and must be left out of the reading too.
    [Fact]
    public void Verify_MeasurementHiddenInTheSignature_IsNotRead()
    {
        const string Hidden = "<ds:X509Data><Resource type=\"Measurement\"/>";
        _rim.EditSigned = text => text.Replace("<ds:X509Data>", Hidden, StringComparison.Ordinal);

        AssertRefused(RejectionCode.EncodingInvalid);
    }

    // Step 5: signed, and no RIM.
    [Theory]
    [InlineData("<SoftwareIdentity", "<Other", "</SoftwareIdentity>", "</Other>", RejectionCode.EncodingInvalid)]
    [InlineData("<Meta ", "<Other ", "</Meta>", "</Other>", RejectionCode.MemberMissing)]
    [InlineData("<Payload>", "<Other>", "</Payload>", "</Other>", RejectionCode.MemberMissing)]
    [InlineData("<Payload>", "<Payload></Payload><Payload>", "", "", RejectionCode.MemberDuplicate)]
    [InlineData(" colloquialVersion=\"550.90.07\"", "", "", "", RejectionCode.MemberMissing)]
    [InlineData("index=\"7\"", "index=\"0\"", "", "", RejectionCode.MemberDuplicate)]
    [InlineData("index=\"7\"", "index=\"255\"", "", "", RejectionCode.ValueInvalid)]
    [InlineData("index=\"7\"", "index=\"-1\"", "", "", RejectionCode.ValueInvalid)]
    [InlineData("active=\"False\"", "active=\"false\"", "", "", RejectionCode.ValueInvalid)]
    [InlineData("active=\"True\"", "active=\"False\"", "", "", RejectionCode.ValueInvalid)]
    [InlineData("alternatives=\"2\"", "alternatives=\"0\"", "", "", RejectionCode.ValueInvalid)]
    [InlineData("alternatives=\"2\"", "alternatives=\"17\"", "", "", RejectionCode.ValueInvalid)]
    [InlineData("alternatives=\"2\"", "alternatives=\"3\"", "", "", RejectionCode.MemberMissing)]
    [InlineData("size=\"48\"", "size=\"32\"", "", "", RejectionCode.ValueInvalid)]
    [InlineData("ns2:Hash0=\"", "ns2:Hash0=\"0", "", "", RejectionCode.ValueInvalid)]
    [InlineData("ns2:Hash1=\"0", "ns2:Hash1=\"g", "", "", RejectionCode.ValueInvalid)]
    public void Verify_SignedFileThatIsNoRim_IsRefused(string part, string replacement, string part2, string replacement2, RejectionCode code)
    {
        _rim.Edit = text =>
        {
            text = text.Replace(part, replacement, StringComparison.Ordinal);
            return part2.Length == 0 ? text : text.Replace(part2, replacement2, StringComparison.Ordinal);
        };

        AssertRefused(code);
    }

    [Fact]
    public void Read_IdentityOfAnotherNamespace_IsRefused()
    {
        var file = $"<x:SoftwareIdentity xmlns:x=\"urn:x\" xmlns=\"{ForgedRim.Swid}\"><Meta colloquialVersion=\"1\"/><Payload/></x:SoftwareIdentity>";

        Rejections.AssertCode(RejectionCode.EncodingInvalid, () => RimFile.Read(RimElement.Parse(Encoding.ASCII.GetBytes(file)), Sha256Digest.Of(""u8), ForgedGpu.Now));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public void Compare_FileThatEndsFirst_EndsTheComparison(int driver, int vbios)
    {
        using var forged = new ForgedGpu();
        var report = NvidiaReport.Parse(forged.Sign());

        var comparison = RimComparison.Of(Ending(driver, ForgedGpu.DriverVersion, 0), Ending(vbios, ForgedGpu.VbiosVersion, 1), report, Certificate.Parse(forged.Device.Certificates[0]));

        Assert.Equal(ForgedGpu.Now.AddDays(1), comparison.ValidUntil);

        static RimFile Ending(int days, string version, int index) => new()
        {
            Version = version,
            Product = "GH100",
            Active = new Dictionary<int, IReadOnlyList<byte[]>> { [index] = [ForgedGpu.Measurement(index + 1)] },
            Digest = Sha256Digest.Of(""u8),
            ValidUntil = ForgedGpu.Now.AddDays(days),
        };
    }

    public void Dispose() => _signer.Dispose();

    private RimFile Verify(byte[] file) => RimFile.Verify(file, new TrustAnchors(_signer.Root), ForgedGpu.Now);

    private void AssertRefused(RejectionCode code) => Rejections.AssertCode(code, () => Verify(_rim.Sign(_signer)));
}
