using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.SevSnp;

namespace BlindAI.Testing;

/// <summary>An SEV-SNP guest made of test keys: report, certificates and revocation list as AMD makes them, each part open to be forged.</summary>
public sealed class ForgedSnp
{
    public const string LeafArc = "1.3.6.1.4.1.3704.1.";

    private const int SignedLength = 0x2A0;

    // RSA keys are slow to make, so all forgeries of a process share them.
    private static readonly RSA ArkKey = RSA.Create(2048);
    private static readonly RSA AskKey = RSA.Create(2048);
    private static readonly RSA OtherRsaKey = RSA.Create(2048);
    private static readonly ECDsa LeafKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    /// <summary>A guest that is right in everything. The report is not signed yet: bytes of it may be changed before <see cref="Prove"/>.</summary>
    public ForgedSnp(SnpProduct product = SnpProduct.Genoa, SnpSigningKey signingKey = SnpSigningKey.VCEK)
    {
        var (isTurin, isVlek) = (product == SnpProduct.Turin, signingKey == SnpSigningKey.VLEK);
        ArkName = $"ARK-{product}";
        AskName = isVlek ? $"SEV-VLEK-{product}" : $"SEV-{product}";
        Tcb = isTurin ? [1, 10, 2, 23, 0, 0, 0, 84] : [10, 2, 0, 0, 0, 0, 23, 84];
        var chip = Bytes(isTurin ? 8 : 64, 0xC1);
        Set(0x000, [5, 0, 0, 0]);
        Set(0x004, [7, 0, 0, 0]);
        Set(0x008, [0x1F, 0, 0x03, 0, 0, 0, 0, 0]);
        Set(0x010, Bytes(16, 0xFA));
        Set(0x020, Bytes(16, 0x1A));
        Set(0x034, [1, 0, 0, 0]);
        Set(0x040, [0x25, 0, 0, 0, 0, 0, 0, 0]);
        Set(0x048, [(byte)((int)signingKey << 2)]);
        Set(0x050, Bytes(64, 0xDA));
        Set(0x090, Bytes(48, 0x3E));
        Set(0x0C0, Bytes(32, 0x40));
        Set(0x0E0, Bytes(48, 0x1D));
        Set(0x110, Bytes(48, 0xAD));
        Set(0x188, product switch { SnpProduct.Milan => [0x19, 0x01, 1], SnpProduct.Genoa => [0x19, 0x11, 1], _ => [0x1A, 0x02, 1] });
        Set(0x1A0, isVlek ? [] : chip);
        Set(0x1EC, [39, 55, 1]);
        Set(0x1F8, [0x0B]);
        Set(0x200, [0x0F]);
        foreach (var offset in (int[])[0x038, 0x180, 0x1E0, 0x1F0])
        {
            Set(offset, Tcb);
        }

        LeafExtensions["1"] = Der(writer => writer.WriteInteger(isTurin ? 1 : 0));
        LeafExtensions["2"] = Text(product.ToString());
        var spls = isTurin ? (int[])[9, 1, 2, 3, 5, 6, 7, 8] : [1, 2, 4, 5, 6, 7, 3, 8];
        for (var index = 0; index < spls.Length; index++)
        {
            LeafExtensions[$"3.{spls[index]}"] = Spl(Tcb[index]);
        }

        if (isVlek)
        {
            LeafExtensions["5"] = Text("CN=cloud.example.org");
        }
        else
        {
            LeafExtensions["4"] = chip;
        }
    }

    /// <summary>The pin of the root.</summary>
    public static Sha256Digest Root { get; } = Sha256Digest.OfPublicKey(ArkKey);

    /// <summary>A verifier that believes in the root.</summary>
    public static ITeeVerifier Verifier { get; } = TeeVerifiers.DangerouslyTrusting(TeeKind.SevSnp, Root);

    /// <summary>The report data of a guest that nobody changed.</summary>
    public static byte[] ReportData => Bytes(64, 0xDA);

    /// <summary>The report but for its signature.</summary>
    public byte[] Report { get; } = new byte[SnpReport.Length];

    /// <summary>REPORTED_TCB and the others, as encoded.</summary>
    public byte[] Tcb { get; }

    /// <summary>The values of AMD's extensions of the leaf, by their place under <see cref="LeafArc"/>.</summary>
    public Dictionary<string, byte[]> LeafExtensions { get; } = [];

    public string ArkName { get; set; }

    public string AskName { get; set; }

    public bool AskIsAuthority { get; set; } = true;

    public bool SignAskWithOtherKey { get; set; }

    public bool SignLeafWithOtherKey { get; set; }

    public bool LeafHasP256Key { get; set; }

    public DateTimeOffset LeafNotAfter { get; set; } = ForgedEnclave.Now.AddYears(5);

    public bool HasCrl { get; set; }

    public bool CrlRevokesAsk { get; set; }

    public bool SignCrlWithOtherKey { get; set; }

    public string? CrlIssuer { get; set; }

    public DateTimeOffset CrlNextUpdate { get; set; } = ForgedEnclave.Now.AddMonths(6);

    public DateTimeOffset CrlThisUpdate { get; set; } = ForgedEnclave.Now.AddMonths(-1);

    public static byte[] Bytes(int count, byte value)
    {
        var bytes = new byte[count];
        bytes.AsSpan().Fill(value);
        return bytes;
    }

    public static byte[] Spl(int value) => Der(writer => writer.WriteInteger(value));

    public static byte[] Text(string text) => Der(writer => writer.WriteCharacterString(UniversalTagNumber.IA5String, text));

    /// <summary>Replaces bytes of the report.</summary>
    public ForgedSnp Set(int offset, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Report.AsSpan(offset));
        return this;
    }

    /// <summary>Signs the report and issues the certificates.</summary>
    public TeeEvidence Prove()
    {
        Sign();
        return new(TeeKind.SevSnp.EvidenceType, Report.ToArray(), Endorsements());
    }

    /// <summary>The certificates and the list, by their names.</summary>
    public Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> Endorsements()
    {
        var endorsements = new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>>(StringComparer.Ordinal)
        {
            [EndorsementName.Leaf] = [IssueLeaf()],
            [EndorsementName.Ask] = [IssueAsk()],
            [EndorsementName.Ark] = [IssueArk()],
        };
        if (HasCrl)
        {
            endorsements[EndorsementName.Crl] = [IssueCrl()];
        }

        return endorsements;
    }

    /// <summary>The host's table of certificates.</summary>
    public byte[] CertificateTable(params IReadOnlyList<(string Guid, byte[] Value)> entries)
    {
        const int EntryLength = 24;
        var offset = (entries.Count + 1) * EntryLength;
        List<byte> header = [];
        List<byte> values = [];
        foreach (var (guid, value) in entries)
        {
            header.AddRange(new Guid(guid).ToByteArray(bigEndian: true));
            header.AddRange(BitConverter.GetBytes(offset + values.Count));
            header.AddRange(BitConverter.GetBytes(value.Length));
            values.AddRange(value);
        }

        return [.. header, .. new byte[EntryLength], .. values];
    }

    public byte[] IssueArk()
    {
        var request = AuthorityRequest(ArkName, ArkKey, isAuthority: true);
        return Issue(request, ArkName, ArkKey, [3], ForgedEnclave.Now.AddYears(20));
    }

    public byte[] IssueAsk() => Issue(AuthorityRequest(AskName, AskKey, AskIsAuthority), ArkName, SignAskWithOtherKey ? OtherRsaKey : ArkKey, [2], ForgedEnclave.Now.AddYears(20));

    public byte[] IssueLeaf()
    {
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=SEV-VCEK", LeafHasP256Key ? p256 : LeafKey, HashAlgorithmName.SHA384);
        foreach (var (place, value) in LeafExtensions)
        {
            request.CertificateExtensions.Add(new X509Extension(LeafArc + place, value, critical: false));
        }

        return Issue(request, AskName, SignLeafWithOtherKey ? OtherRsaKey : AskKey, [0], LeafNotAfter);
    }

    public byte[] IssueCrl()
    {
        var builder = new CertificateRevocationListBuilder();
        if (CrlRevokesAsk)
        {
            builder.AddEntry([2], ForgedEnclave.Now.AddMonths(-2));
        }

        return builder.Build(new X500DistinguishedName($"CN={CrlIssuer ?? ArkName}"), Generator(SignCrlWithOtherKey ? OtherRsaKey : ArkKey), 1, CrlNextUpdate, HashAlgorithmName.SHA384,
            X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier([1]), CrlThisUpdate);
    }

    private void Sign()
    {
        var signature = LeafKey.SignData(Report.AsSpan(0, SignedLength), HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        Report.AsSpan(SignedLength).Clear();
        for (var half = 0; half < 2; half++)
        {
            var coordinate = signature.AsSpan(half * 48, 48);
            coordinate.Reverse();
            coordinate.CopyTo(Report.AsSpan(SignedLength + (half * 72)));
        }
    }

    private static CertificateRequest AuthorityRequest(string name, RSA key, bool isAuthority)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA384, RSASignaturePadding.Pss);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        return request;
    }

    private static byte[] Issue(CertificateRequest request, string issuer, RSA key, byte[] serial, DateTimeOffset notAfter)
    {
        using var certificate = request.Create(new X500DistinguishedName($"CN={issuer}"), Generator(key), ForgedEnclave.Now.AddYears(-1), notAfter, serial);
        return certificate.RawData;
    }

    private static X509SignatureGenerator Generator(RSA key) => X509SignatureGenerator.CreateForRSA(key, RSASignaturePadding.Pss);

    private static byte[] Der(Action<AsnWriter> write)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        write(writer);
        return writer.Encode();
    }
}
