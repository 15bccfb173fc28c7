using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace BlindAI.Testing;

/// <summary>A RIM file in NVIDIA's profile, written in canonical form from the start, so that it is signed without the code under test.</summary>
public sealed class ForgedRim
{
    public const string Swid = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd";

    private const string Sha384 = "http://www.w3.org/2001/04/xmlenc#sha384";
    private const string Dsig = "http://www.w3.org/2000/09/xmldsig#";

    public required string Version { get; set; }

    public string Product { get; set; } = "GH100";

    /// <summary>The alternatives of each active measurement, by index from 0.</summary>
    public required SortedDictionary<int, byte[][]> Active { get; init; }

    /// <summary>What is done to the identity before it is signed.</summary>
    public Func<string, string> Edit { get; set; } = text => text;

    /// <summary>What is done to the signed info before it is signed.</summary>
    public Func<string, string> EditSignedInfo { get; set; } = text => text;

    /// <summary>What is done to the file after it was signed.</summary>
    public Func<string, string> EditSigned { get; set; } = text => text;

    public byte[] Sign(ForgedP384Chain chain)
    {
        var identity = Edit(Identity());
        var info = EditSignedInfo(SignedInfo(SHA384.HashData(Encoding.UTF8.GetBytes(identity))));
        var canonical = info.Replace("<ds:SignedInfo>", $"<ds:SignedInfo xmlns=\"{Swid}\" xmlns:ds=\"{Dsig}\" xmlns:ns2=\"{Sha384}\">", StringComparison.Ordinal);
        var signature = chain.LeafKey.SignData(Encoding.UTF8.GetBytes(canonical), HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        var certificates = string.Concat(chain.Certificates.Select(der => $"<ds:X509Certificate>{Convert.ToBase64String(der)}</ds:X509Certificate>"));
        var element = $"<ds:Signature xmlns:ds=\"{Dsig}\">{info}<ds:SignatureValue>{Convert.ToBase64String(signature)}</ds:SignatureValue>"
            + $"<ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo></ds:Signature>";
        var end = identity.LastIndexOf("</", StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(EditSigned(identity.Insert(end, element)));
    }

    private string Identity()
    {
        var resources = string.Concat(Active.Select(entry => string.Create(CultureInfo.InvariantCulture,
            $"<Resource active=\"True\" alternatives=\"{entry.Value.Length}\" index=\"{entry.Key}\" size=\"48\" type=\"Measurement\"{Hashes(entry.Value)}></Resource>\n")));
        return $"<SoftwareIdentity xmlns=\"{Swid}\" xmlns:ns2=\"{Sha384}\" name=\"GH100\">\n<Meta colloquialVersion=\"{Version}\" product=\"{Product}\"></Meta>\n<Payload>\n{resources}"
            + "<Resource active=\"False\" index=\"99\" type=\"Measurement\"></Resource>\n</Payload>\n</SoftwareIdentity>";
    }

    private static string Hashes(byte[][] alternatives) => string.Concat(alternatives.Select((value, number) => $" ns2:Hash{number}=\"{Convert.ToHexStringLower(value)}\""));

    private static string SignedInfo(byte[] digest) =>
        "<ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2006/12/xml-c14n11\"></ds:CanonicalizationMethod>"
        + "<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384\"></ds:SignatureMethod><ds:Reference URI=\"\"><ds:Transforms>"
        + $"<ds:Transform Algorithm=\"{Dsig}enveloped-signature\"></ds:Transform><ds:Transform Algorithm=\"http://www.w3.org/2006/12/xml-c14n11\"></ds:Transform></ds:Transforms>"
        + $"<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#sha384\"></ds:DigestMethod><ds:DigestValue>{Convert.ToBase64String(digest)}</ds:DigestValue></ds:Reference></ds:SignedInfo>";
}
