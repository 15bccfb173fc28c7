using System.Formats.Asn1;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Testing;

/// <summary>Intel's whole chain under test keys, and quotes under it: right in everything, and each part open to be forged.</summary>
public sealed class ForgedIntel : IDisposable
{
    public const string PlatformCa = "Intel SGX PCK Platform CA";
    public const string ProcessorCa = "Intel SGX PCK Processor CA";

    private readonly ECDsa _rootKey = NewKey();
    private readonly ECDsa _authorityKey = NewKey();
    private readonly ECDsa _signerKey = NewKey();
    private readonly ECDsa _pckKey = NewKey();
    private readonly ECDsa _attestationKey = NewKey();

    /// <summary>The instant at which everything is valid.</summary>
    public static DateTimeOffset Now { get; } = new(2026, 1, 15, 0, 0, 0, TimeSpan.Zero);

    /// <summary>SHA-256 of the root's key: what a verifier must trust.</summary>
    public Sha256Digest Root => Sha256Digest.OfPublicKey(_rootKey);

    // Certificates.
    public (DateTimeOffset From, DateTimeOffset To) RootValidity { get; set; } = (Now.AddYears(-5), Now.AddYears(20));

    public (DateTimeOffset From, DateTimeOffset To) PckValidity { get; set; } = (Now.AddYears(-1), Now.AddYears(5));

    public string AuthorityName { get; set; } = PlatformCa;

    public string PckName { get; set; } = "Intel SGX PCK Certificate";

    public string SignerName { get; set; } = "Intel SGX TCB Signing";

    public bool AuthorityIsCa { get; set; } = true;

    public bool PckIsCa { get; set; }

    public bool SignerIsCa { get; set; }

    /// <summary>The serial number of the QE identity's signer, where it is another certificate than the TCB info's.</summary>
    public byte[]? QeSignerSerial { get; set; }

    public ECDsa? PckIssuerKey { get; set; }

    public string? CriticalExtension { get; set; }

    // The platform.
    public byte[] Components { get; } = [5, 5, 2, 2, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0];

    public int PceSvn { get; set; } = 11;

    public byte[] Fmspc { get; set; } = [0x00, 0x80, 0x6F, 0x05, 0x00, 0x00];

    public byte[] Ppid { get; } = [.. Enumerable.Repeat((byte)0x77, 16)];

    public byte[] PlatformInstanceId { get; } = [.. Enumerable.Repeat((byte)0x88, 16)];

    public bool PckHasExtension { get; set; } = true;

    public int PckSgxType { get; set; } = 1;

    /// <summary>The OIDs of members that Intel's extension has besides, each with NULL.</summary>
    public List<string> MorePckMembers { get; } = [];

    public Func<byte[], byte[]> ChangePckExtension { get; set; } = bytes => bytes;

    // Revocation.
    public List<byte[]> RevokedByAuthority { get; } = [];

    public List<byte[]> RevokedByRoot { get; } = [];

    public DateTimeOffset CrlNextUpdate { get; set; } = Now.AddDays(20);

    public DateTimeOffset? RootCrlNextUpdate { get; set; }

    public ECDsa? PckCrlKey { get; set; }

    public string? PckCrlIssuer { get; set; }

    public static byte[] PckSerial => [0x10, 0x01];

    public static byte[] AuthoritySerial => [0x10, 0x02];

    public static byte[] SignerSerial => [0x10, 0x03];

    // Collateral: changed before it is signed.
    public Action<JsonObject> ChangeTcbInfo { get; set; } = _ => { };

    public Action<JsonObject> ChangeQeIdentity { get; set; } = _ => { };

    /// <summary>What is done to the text of the TCB info before it is signed.</summary>
    public Func<string, string> EditTcbInfo { get; set; } = text => text;

    public ECDsa? TcbInfoKey { get; set; }

    public ECDsa? QeIdentityKey { get; set; }

    // The quote: changed before it is signed.
    public TeeKind Tee { get; set; } = TeeKind.Tdx;

    public ushort Version { get; set; } = 5;

    /// <summary>1 SGX, 2 TD report 1.0, 3 TD report 1.5.</summary>
    public int BodyType { get; set; } = 3;

    public Action<byte[]> ChangeHeader { get; set; } = _ => { };

    public Action<byte[]> ChangeBody { get; set; } = _ => { };

    public Action<byte[]> ChangeQeReport { get; set; } = _ => { };

    public ECDsa? QuoteKey { get; set; }

    public ECDsa? QeReportKey { get; set; }

    public ushort CertificationDataType { get; set; } = 5;

    public byte[] ReportData { get; set; } = [.. Enumerable.Repeat((byte)0x5A, 64)];

    /// <summary>Makes the forged chain an SGX one.</summary>
    public ForgedIntel AsSgx()
    {
        (Tee, Version, BodyType) = (TeeKind.Sgx, 3, 1);
        return this;
    }

    /// <summary>The evidence with all of its collateral.</summary>
    public TeeEvidence Prove()
    {
        var root = Encoding.ASCII.GetBytes(RootCertificate().ExportCertificatePem());
        var signer = SignerChain(SignerSerial);
        return new(Tee.EvidenceType, Quote(), new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>>
        {
            [EndorsementName.TcbInfo] = [Sign("tcbInfo", EditTcbInfo(TcbInfo().ToJsonString()), TcbInfoKey ?? _signerKey)],
            [EndorsementName.TcbInfoIssuerChain] = [signer],
            [EndorsementName.QeIdentity] = [Sign("enclaveIdentity", QeIdentity().ToJsonString(), QeIdentityKey ?? _signerKey)],
            [EndorsementName.QeIdentityIssuerChain] = [QeSignerSerial is null ? signer : SignerChain(QeSignerSerial)],
            [EndorsementName.PckCrl] = [Crl(PckCrlIssuer ?? AuthorityName, PckCrlKey ?? _authorityKey, RevokedByAuthority, CrlNextUpdate)],
            [EndorsementName.RootCaCrl] = [Crl("Intel SGX Root CA", _rootKey, RevokedByRoot, RootCrlNextUpdate ?? CrlNextUpdate)],
        });
    }

    /// <summary>The bytes of the quote.</summary>
    public byte[] Quote()
    {
        var header = new byte[48];
        BitConverter.TryWriteBytes(header, Version);
        BitConverter.TryWriteBytes(header.AsSpan(2), (ushort)2);
        BitConverter.TryWriteBytes(header.AsSpan(4), Tee == TeeKind.Sgx ? 0u : 0x81u);
        Convert.FromHexString("939a7233f79c4ca9940a0db3957f0607").CopyTo(header, 12);
        ChangeHeader(header);
        var body = Body();
        byte[] descriptor = Version < 5 ? [] : [.. BitConverter.GetBytes((ushort)BodyType), .. BitConverter.GetBytes(body.Length)];
        byte[] signed = [.. header, .. descriptor, .. body];
        var quoteKey = QuoteKey ?? _attestationKey;

        var point = PointOf(_attestationKey);
        byte[] authentication = [.. Enumerable.Range(0, 32).Select(value => (byte)value)];
        var qeReport = QeReport(SHA256.HashData([.. point, .. authentication]));
        byte[] certification = [.. Encoding.ASCII.GetBytes(PckChainPem()), 0];
        byte[] qe =
        [
            .. qeReport, .. SignRaw(QeReportKey ?? _pckKey, qeReport), .. BitConverter.GetBytes((ushort)authentication.Length), .. authentication,
            .. BitConverter.GetBytes(CertificationDataType), .. BitConverter.GetBytes(certification.Length), .. certification,
        ];
        byte[] wrapped = Version < 4 ? qe : [.. BitConverter.GetBytes((ushort)6), .. BitConverter.GetBytes(qe.Length), .. qe];
        byte[] signatureData = [.. SignRaw(quoteKey, signed), .. point, .. wrapped];
        return [.. signed, .. BitConverter.GetBytes(signatureData.Length), .. signatureData];
    }

    /// <summary>The PCK chain, leaf first.</summary>
    public string PckChainPem() => string.Join('\n', PckLeaf().ExportCertificatePem(), AuthorityCertificate().ExportCertificatePem(), RootCertificate().ExportCertificatePem());

    /// <summary>A chain to the signer of collateral through an authority that has no business there.</summary>
    public string ThreeStepSignerPem() => string.Join('\n',
        Issue(SignerName, _signerKey, AuthorityName, _authorityKey, SignerSerial, RootValidity, isAuthority: false, pathLength: null).ExportCertificatePem(),
        AuthorityCertificate().ExportCertificatePem(), RootCertificate().ExportCertificatePem());

    public void Dispose()
    {
        _rootKey.Dispose();
        _authorityKey.Dispose();
        _signerKey.Dispose();
        _pckKey.Dispose();
        _attestationKey.Dispose();
    }

    /// <summary>A fresh P-256 key: an attacker's.</summary>
    public static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private byte[] Body()
    {
        var body = new byte[BodyType switch { 1 => 384, 2 => 584, _ => 648 }];
        if (BodyType == 1)
        {
            body[48] = 5;                                                            // INIT, MODE64BIT
            body.AsSpan(64, 32).Fill(0xE1);                                          // MRENCLAVE
            body.AsSpan(128, 32).Fill(0xE2);                                         // MRSIGNER
            BitConverter.TryWriteBytes(body.AsSpan(256), (ushort)7);                 // ISVPRODID
            BitConverter.TryWriteBytes(body.AsSpan(258), (ushort)3);                 // ISVSVN
            ReportData.CopyTo(body, 320);
        }
        else
        {
            byte[] teeTcbSvn = [6, 1, 3];
            teeTcbSvn.CopyTo(body, 0);
            body.AsSpan(16, 48).Fill(0xD0);                                          // MRSEAM
            body[123] = 0x10;                                                        // SEPT_VE_DISABLE
            body.AsSpan(136, 48).Fill(0xD1);                                         // MRTD
            body.AsSpan(328 + 48, 48).Fill(0xD2);                                    // RTMR1
            body.AsSpan(328 + 96, 48).Fill(0xD3);                                    // RTMR2
            ReportData.CopyTo(body, 520);
            if (BodyType == 3)
            {
                teeTcbSvn.CopyTo(body, 584);
            }
        }

        ChangeBody(body);
        return body;
    }

    private byte[] QeReport(byte[] binding)
    {
        var report = new byte[384];
        report[48] = 0x11;                                                           // ATTRIBUTES: INIT, PROVISIONKEY
        report.AsSpan(128, 32).Fill(0xA8);                                           // MRSIGNER
        BitConverter.TryWriteBytes(report.AsSpan(256), (ushort)2);                   // ISVPRODID
        BitConverter.TryWriteBytes(report.AsSpan(258), (ushort)4);                   // ISVSVN
        binding.CopyTo(report, 320);
        ChangeQeReport(report);
        return report;
    }

    private JsonObject TcbInfo()
    {
        var isTdx = Tee == TeeKind.Tdx;
        var info = new JsonObject
        {
            ["id"] = isTdx ? "TDX" : "SGX",
            ["version"] = 3,
            ["issueDate"] = Time(Now.AddDays(-3)),
            ["nextUpdate"] = Time(Now.AddDays(27)),
            ["fmspc"] = "00806F050000",
            ["pceId"] = "0000",
            ["tcbType"] = 0,
            ["tcbEvaluationDataNumber"] = 18,
            ["tcbLevels"] = new JsonArray(
                Level(isTdx, svn: 5, pce: 11, "UpToDate", "2025-11-01T00:00:00Z"),
                Level(isTdx, svn: 4, pce: 11, "OutOfDate", "2024-11-01T00:00:00Z", "INTEL-SA-00001"),
                Level(isTdx, svn: 3, pce: 5, "Revoked", "2023-11-01T00:00:00Z")),
        };
        if (isTdx)
        {
            info["tdxModule"] = Module(null);
            info["tdxModuleIdentities"] = new JsonArray(Module("TDX_01"));
        }

        ChangeTcbInfo(info);
        return info;
    }

    private static JsonObject Level(bool isTdx, int svn, int pce, string status, string date, params string[] advisories)
    {
        byte[] sgx = [(byte)svn, (byte)svn, 2, 2, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0];
        var tcb = new JsonObject { ["sgxtcbcomponents"] = Svns(sgx), ["pcesvn"] = pce };
        if (isTdx)
        {
            tcb["tdxtcbcomponents"] = Svns([9, 9, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);   // the first two are the module's own and not compared
        }

        return new JsonObject { ["tcb"] = tcb, ["tcbStatus"] = status, ["tcbDate"] = date, ["advisoryIDs"] = new JsonArray([.. advisories.Select(id => (JsonNode)id)]) };
    }

    private static JsonArray Svns(byte[] values) => [.. values.Select(value => new JsonObject { ["svn"] = value })];

    private static JsonObject Module(string? id)
    {
        var module = new JsonObject { ["mrsigner"] = new string('0', 96), ["attributes"] = new string('0', 16), ["attributesMask"] = new string('F', 16) };
        if (id is not null)
        {
            module["id"] = id;
            module["tcbLevels"] = new JsonArray(
                new JsonObject { ["tcb"] = new JsonObject { ["isvsvn"] = 5 }, ["tcbStatus"] = "UpToDate", ["tcbDate"] = "2025-10-01T00:00:00Z" },
                new JsonObject { ["tcb"] = new JsonObject { ["isvsvn"] = 3 }, ["tcbStatus"] = "OutOfDate", ["tcbDate"] = "2024-10-01T00:00:00Z", ["advisoryIDs"] = new JsonArray("INTEL-SA-00002") });
        }

        return module;
    }

    private JsonObject QeIdentity()
    {
        var identity = new JsonObject
        {
            ["id"] = Tee == TeeKind.Tdx ? "TD_QE" : "QE",
            ["version"] = 2,
            ["issueDate"] = Time(Now.AddDays(-2)),
            ["nextUpdate"] = Time(Now.AddDays(28)),
            ["tcbEvaluationDataNumber"] = 18,
            ["miscselect"] = "00000000",
            ["miscselectMask"] = "FFFFFFFF",
            ["attributes"] = "11000000000000000000000000000000",
            ["attributesMask"] = "FBFFFFFFFFFFFFFF0000000000000000",
            ["mrsigner"] = string.Concat(Enumerable.Repeat("A8", 32)),
            ["isvprodid"] = 2,
            ["tcbLevels"] = new JsonArray(
                new JsonObject { ["tcb"] = new JsonObject { ["isvsvn"] = 4 }, ["tcbStatus"] = "UpToDate", ["tcbDate"] = "2025-12-01T00:00:00Z" },
                new JsonObject { ["tcb"] = new JsonObject { ["isvsvn"] = 2 }, ["tcbStatus"] = "OutOfDate", ["tcbDate"] = "2024-12-01T00:00:00Z" }),
        };
        ChangeQeIdentity(identity);
        return identity;
    }

    private static byte[] Sign(string name, string signed, ECDsa key) =>
        Encoding.UTF8.GetBytes($"{{\"{name}\":{signed},\"signature\":\"{Convert.ToHexStringLower(SignRaw(key, Encoding.UTF8.GetBytes(signed)))}\"}}");

    private X509Certificate2 RootCertificate() =>
        Issue("Intel SGX Root CA", _rootKey, "Intel SGX Root CA", _rootKey, [0x10, 0x00], RootValidity, isAuthority: true, pathLength: 1);

    private X509Certificate2 AuthorityCertificate() =>
        Issue(AuthorityName, _authorityKey, "Intel SGX Root CA", _rootKey, AuthoritySerial, RootValidity, AuthorityIsCa, pathLength: 0);

    private byte[] SignerChain(byte[] serial)
    {
        var signer = Issue(SignerName, _signerKey, "Intel SGX Root CA", _rootKey, serial, RootValidity, SignerIsCa, pathLength: null);
        return Encoding.ASCII.GetBytes(signer.ExportCertificatePem() + "\n" + RootCertificate().ExportCertificatePem());
    }

    private X509Certificate2 PckLeaf() =>
        Issue(PckName, _pckKey, AuthorityName, PckIssuerKey ?? _authorityKey, PckSerial, PckValidity, PckIsCa, pathLength: null,
            [.. PckHasExtension ? [new X509Extension("1.2.840.113741.1.13.1", ChangePckExtension(PckExtension()), critical: false)] : (X509Extension[])[],
             .. CriticalExtension is { } oid ? [new X509Extension(oid, [5, 0], critical: true)] : (X509Extension[])[]]);

    private static X509Certificate2 Issue(
        string subject, ECDsa key, string issuer, ECDsa issuerKey, byte[] serial, (DateTimeOffset From, DateTimeOffset To) validity, bool isAuthority, int? pathLength, params X509Extension[] extensions)
    {
        var request = new CertificateRequest(NameOf(subject), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, isAuthority && pathLength is not null, pathLength ?? 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(isAuthority ? X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign : X509KeyUsageFlags.DigitalSignature, critical: true));
        foreach (var extension in extensions)
        {
            request.CertificateExtensions.Add(extension);
        }

        return request.Create(NameOf(issuer), X509SignatureGenerator.CreateForECDsa(issuerKey), validity.From, validity.To, serial);
    }

    private static byte[] Crl(string issuer, ECDsa key, List<byte[]> revoked, DateTimeOffset nextUpdate)
    {
        var builder = new CertificateRevocationListBuilder();
        foreach (var serial in revoked)
        {
            builder.AddEntry(serial, Now.AddDays(-2), X509RevocationReason.KeyCompromise);
        }

        return builder.Build(NameOf(issuer), X509SignatureGenerator.CreateForECDsa(key), BigInteger.One, nextUpdate, HashAlgorithmName.SHA256,
            X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(new byte[20]), thisUpdate: Now.AddDays(-10));
    }

    private static X500DistinguishedName NameOf(string commonName) => new($"CN={commonName}, O=Forged");

    private byte[] PckExtension()
    {
        const string Oid = "1.2.840.113741.1.13.1";
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            Member(writer, Oid + ".1", () => writer.WriteOctetString(Ppid));
            Member(writer, Oid + ".2", () =>
            {
                using (writer.PushSequence())
                {
                    for (var index = 0; index < Components.Length; index++)
                    {
                        var svn = Components[index];
                        Member(writer, $"{Oid}.2.{index + 1}", () => writer.WriteInteger(svn));
                    }

                    Member(writer, Oid + ".2.17", () => writer.WriteInteger(PceSvn));
                    Member(writer, Oid + ".2.18", () => writer.WriteOctetString(Components));
                }
            });
            Member(writer, Oid + ".3", () => writer.WriteOctetString([0, 0]));
            Member(writer, Oid + ".4", () => writer.WriteOctetString(Fmspc));
            Member(writer, Oid + ".5", () => writer.WriteEncodedValue([0x0A, 0x01, (byte)PckSgxType]));
            if (AuthorityName == PlatformCa)
            {
                Member(writer, Oid + ".6", () => writer.WriteOctetString(PlatformInstanceId));
                Member(writer, Oid + ".7", () =>
                {
                    using (writer.PushSequence())
                    {
                        Member(writer, Oid + ".7.1", () => writer.WriteBoolean(true));
                        Member(writer, Oid + ".7.2", () => writer.WriteBoolean(false));
                        Member(writer, Oid + ".7.3", () => writer.WriteBoolean(true));
                    }
                });
            }

            MorePckMembers.ForEach(oid => Member(writer, oid, () => writer.WriteNull()));
        }

        return writer.Encode();
    }

    private static void Member(AsnWriter writer, string oid, Action value)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            value();
        }
    }

    private static byte[] SignRaw(ECDsa key, byte[] data) => key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    private static byte[] PointOf(ECDsa key)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return [.. point.X!, .. point.Y!];
    }

    private static string Time(DateTimeOffset instant) => instant.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
