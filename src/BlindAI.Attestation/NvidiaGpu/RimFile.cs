using System.Globalization;
using System.Security.Cryptography;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.NvidiaGpu;

/// <summary>NVIDIA's reference measurements (RIM) of one firmware, as NVIDIA signed them.</summary>
/// <remarks>
/// Source: docs/attestation.md, clauses 15.6 to 15.8; ISO/IEC 19770-2 (SWID); TCG Reference Integrity Manifest Information Model; W3C XML Signature. Everything is read from
/// the very tree whose canonical form was hashed, the signature itself left out, so that nothing else can be put in its place.
/// </remarks>
internal sealed class RimFile
{
    private const string Swid = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd";
    private const string Sha384 = "http://www.w3.org/2001/04/xmlenc#sha384";
    private const string Dsig = "http://www.w3.org/2000/09/xmldsig#";

    private const string Canonical = "http://www.w3.org/2006/12/xml-c14n11";
    private const string Enveloped = Dsig + "enveloped-signature";
    private const string EcdsaSha384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
    private const string DigestSha384 = "http://www.w3.org/2001/04/xmldsig-more#sha384";

    private const int SignatureLength = 96;

    // Indices of SPDM measurements are one byte.
    private const int MaxIndex = 254;
    private const int MaxAlternatives = 16;

    /// <summary>The version of the firmware.</summary>
    public required string Version { get; init; }

    /// <summary>The chip that it is for, such as <c>GH100</c>.</summary>
    public required string Product { get; init; }

    /// <summary>The accepted values of each active measurement, by index from 0.</summary>
    public required IReadOnlyDictionary<int, IReadOnlyList<byte[]>> Active { get; init; }

    /// <summary>SHA-256 of the file.</summary>
    public required Sha256Digest Digest { get; init; }

    /// <summary>The earliest end of validity of the certificates.</summary>
    public required DateTimeOffset ValidUntil { get; init; }

    /// <summary>Reads and proves a file.</summary>
    /// <remarks>
    /// 1. The file parses and has one signature of the one profile. 2. NVIDIA's root vouches for the key, now. 3. That key signed the digest. 4. The digest is that of
    /// the file without the signature. 5. What was signed is a RIM.
    /// </remarks>
    /// <exception cref="AttestationException">
    /// The 1xx family, <see cref="RejectionCode.AlgorithmUnsupported"/>, <see cref="RejectionCode.ChainUntrusted"/>, <see cref="RejectionCode.CertificateNotInValidity"/>,
    /// <see cref="RejectionCode.CollateralSignatureInvalid"/>.
    /// </exception>
    public static RimFile Verify(ReadOnlyMemory<byte> bytes, TrustAnchors roots, DateTimeOffset now)
    {
        var root = RimElement.Parse(bytes);
        var signature = FindSignature(root);
        var parts = Expect(signature, "SignedInfo", "SignatureValue", "KeyInfo");
        var digest = ReadSignedInfo(parts[0]);                                                                                           // 1
        var chain = ReadChain(parts[2]);
        CertificateChain.Verify(chain, roots, now);                                                                                      // 2
        using var key = chain[0].ImportP384();
        Reject.Unless(key.VerifyData(parts[0].Canonicalise([root, signature]), ReadBase64(parts[1], SignatureLength), HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
            RejectionCode.CollateralSignatureInvalid, "The RIM file is not signed by the key of its certificate.", "fetch it again, from NVIDIA.");   // 3
        Reject.Unless(CryptographicOperations.FixedTimeEquals(SHA384.HashData(root.Canonicalise([], signature)), digest), RejectionCode.CollateralSignatureInvalid,
            "The RIM file is not what NVIDIA signed.", "fetch it again, from NVIDIA.");                                                  // 4
        return Read(root, Sha256Digest.Of(bytes.Span), CertificateChain.EndOf(chain));                                                   // 5
    }

    // The one signature, right below the root.
    private static RimElement FindSignature(RimElement root)
    {
        Reject.Unless(CountSignatures(root) <= 1, RejectionCode.MemberDuplicate, "The RIM file has more than one signature.");
        return root.Children.FirstOrDefault(IsSignature) ?? throw new AttestationException(RejectionCode.MemberMissing, "The RIM file has no signature below its root.");
    }

    private static int CountSignatures(RimElement element) => (IsSignature(element) ? 1 : 0) + element.Children.Sum(CountSignatures);

    private static bool IsSignature(RimElement element) => element.Name == "Signature" && element.Namespace == Dsig;

    // Exactly these children, in this order.
    private static RimElement[] Expect(RimElement parent, params ReadOnlySpan<string> names)
    {
        RimElement[] children = [.. parent.Children];
        Reject.Unless(children.Length == names.Length, RejectionCode.EncodingInvalid, $"\"{parent.Name}\" of the RIM file has {children.Length} elements, not {names.Length}.");
        for (var index = 0; index < names.Length; index++)
        {
            Reject.Unless(children[index].Name == names[index] && children[index].Namespace == Dsig, RejectionCode.EncodingInvalid,
                $"\"{parent.Name}\" of the RIM file has something else than \"{names[index]}\" at {index + 1}.");
        }

        return children;
    }

    private static byte[] ReadSignedInfo(RimElement signedInfo)
    {
        var parts = Expect(signedInfo, "CanonicalizationMethod", "SignatureMethod", "Reference");
        var reference = Expect(parts[2], "Transforms", "DigestMethod", "DigestValue");
        var transforms = Expect(reference[0], "Transform", "Transform");
        ExpectAlgorithm(parts[0], Canonical);
        ExpectAlgorithm(parts[1], EcdsaSha384);
        ExpectAlgorithm(transforms[0], Enveloped);
        ExpectAlgorithm(transforms[1], Canonical);
        ExpectAlgorithm(reference[1], DigestSha384);
        Reject.Unless(parts[2].Find("URI") == "", RejectionCode.ValueInvalid, "The signature of the RIM file does not cover the whole file.");
        return ReadBase64(reference[2], SHA384.HashSizeInBytes);
    }

    private static void ExpectAlgorithm(RimElement element, string algorithm)
    {
        Reject.Unless(element.Find("Algorithm") == algorithm, RejectionCode.AlgorithmUnsupported, $"\"{element.Name}\" of the RIM file names another algorithm than {algorithm}.");
        Expect(element);
    }

    private static List<Certificate> ReadChain(RimElement keyInfo)
    {
        RimElement[] certificates = [.. Expect(keyInfo, "X509Data")[0].Children];
        Reject.Unless(certificates.Length <= CertificateChain.MaxLength, RejectionCode.TooLarge, $"The RIM file has {certificates.Length} certificates; the limit is {CertificateChain.MaxLength}.");
        Reject.Unless(certificates.Length > 0 && certificates.All(element => element.Name == "X509Certificate" && element.Namespace == Dsig), RejectionCode.EncodingInvalid,
            "The key of the RIM file is not given by certificates alone.");
        return [.. certificates.Select(element => Certificate.Parse(ReadBase64(element)))];
    }

    private static byte[] ReadBase64(RimElement element, int? length = null)
    {
        try
        {
            var bytes = Convert.FromBase64String(element.Text);
            Reject.Unless(length is null || bytes.Length == length, RejectionCode.ValueInvalid, $"\"{element.Name}\" of the RIM file has {bytes.Length} bytes, not {length}.");
            return bytes;
        }
        catch (FormatException exception)
        {
            throw new AttestationException(RejectionCode.EncodingInvalid, $"\"{element.Name}\" of the RIM file is not Base64.", innerException: exception);
        }
    }

    /// <summary>What a file says, believed or not.</summary>
    /// <exception cref="AttestationException">The 1xx family.</exception>
    internal static RimFile Read(RimElement root, Sha256Digest digest, DateTimeOffset validUntil)
    {
        Reject.Unless(root.Name == "SoftwareIdentity" && root.Namespace == Swid, RejectionCode.EncodingInvalid, "The RIM file is not a software identity.");
        var meta = One(root, "Meta");
        var version = meta.Find("colloquialVersion") ?? throw new AttestationException(RejectionCode.MemberMissing, "The RIM file names no version.");
        var product = meta.Find("product") ?? throw new AttestationException(RejectionCode.MemberMissing, "The RIM file names no product.");
        var active = new Dictionary<int, IReadOnlyList<byte[]>>();
        var seen = new HashSet<int>();
        foreach (var resource in One(root, "Payload").Children.Where(child => child.Name == "Resource" && child.Namespace == Swid && child.Find("type") == "Measurement"))
        {
            var index = ReadNumber(resource, "index", 0, MaxIndex);
            Reject.Unless(seen.Add(index), RejectionCode.MemberDuplicate, $"The RIM file has the measurement {index} twice.");
            var isActive = resource.Find("active") is var word && word is "True" or "False" ? word == "True"
                : throw new AttestationException(RejectionCode.ValueInvalid, $"Measurement {index} of the RIM file is neither active nor not.");
            if (isActive)
            {
                active.Add(index, ReadAlternatives(resource, index));
            }
        }

        Reject.Unless(active.Count > 0, RejectionCode.ValueInvalid, "The RIM file has no active measurement.");
        return new() { Version = version, Product = product, Active = active, Digest = digest, ValidUntil = validUntil };
    }

    private static RimElement One(RimElement root, string name)
    {
        RimElement[] found = [.. root.Children.Where(child => child.Name == name && child.Namespace == Swid)];
        Reject.Unless(found.Length <= 1, RejectionCode.MemberDuplicate, $"The RIM file has \"{name}\" {found.Length} times.");
        return found.Length == 1 ? found[0] : throw new AttestationException(RejectionCode.MemberMissing, $"The RIM file has no \"{name}\".");
    }

    private static byte[][] ReadAlternatives(RimElement resource, int index)
    {
        _ = ReadNumber(resource, "size", NvidiaReport.MeasurementLength, NvidiaReport.MeasurementLength);
        var alternatives = new byte[ReadNumber(resource, "alternatives", 1, MaxAlternatives)][];
        for (var number = 0; number < alternatives.Length; number++)
        {
            var hex = resource.Find($"Hash{number}", Sha384) ?? throw new AttestationException(RejectionCode.MemberMissing, $"Measurement {index} of the RIM file lacks alternative {number}.");
            Reject.Unless(hex.Length == 2 * NvidiaReport.MeasurementLength && hex.All(char.IsAsciiHexDigit), RejectionCode.ValueInvalid,
                $"Alternative {number} of measurement {index} of the RIM file is not a SHA-384 digest.");
            alternatives[number] = Convert.FromHexString(hex);
        }

        return alternatives;
    }

    private static int ReadNumber(RimElement resource, string name, int least, int most)
    {
        Reject.Unless(int.TryParse(resource.Find(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most,
            RejectionCode.ValueInvalid, $"\"{name}\" of a measurement of the RIM file is not a number from {least} to {most}.");
        return number;
    }
}
