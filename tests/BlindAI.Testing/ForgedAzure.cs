using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using BlindAI.Attestation;
using BlindAI.Attestation.AzureVtpm;
using BlindAI.Attestation.Evidence;
using BlindAI.Attestation.Policy;

namespace BlindAI.Testing;

/// <summary>A confidential VM of Azure made of test keys: a vTPM over a forged SNP guest or trust domain, each part open to be forged.</summary>
public sealed class ForgedAzure
{
    // RSA keys are slow to make, so all forgeries of a process share them.
    private static readonly RSA AttestationKey = RSA.Create(2048);
    private static readonly RSA OtherKey = RSA.Create(2048);

    /// <summary>The nonce that the quote answers.</summary>
    public static byte[] Nonce => ForgedSnp.Bytes(32, 0x4E);

    /// <summary>The instant at which both kinds of hardware are valid.</summary>
    public static DateTimeOffset Now => ForgedIntel.Now;

    /// <summary>The SNP guest below.</summary>
    public ForgedSnp Snp { get; } = new();

    /// <summary>The trust domain below; null for SNP.</summary>
    public ForgedIntel? Tdx { get; init; }

    public JsonObject RuntimeData { get; } = new()
    {
        ["keys"] = new JsonArray(KeyOf("HCLAkPub", AttestationKey), KeyOf("HCLEkPub", OtherKey)),
        ["vm-configuration"] = new JsonObject
        {
            ["console-enabled"] = true,
            ["root-cert-thumbprint"] = "thumbprint",
            ["secure-boot"] = true,
            ["tpm-enabled"] = true,
            ["tpm-persisted"] = false,
            ["vmUniqueId"] = "00000000-0000-0000-0000-000000000001",
        },
        ["user-data"] = new string('5', 128),
    };

    /// <summary>The runtime data that the HCL report carries, where they are not those whose hash the hardware signs.</summary>
    public Func<byte[], byte[]> ChangeRuntimeData { get; set; } = bytes => bytes;

    public Action<byte[]> ChangeHclReport { get; set; } = _ => { };

    /// <summary>1 SHA-256, 2 SHA-384, 3 SHA-512.</summary>
    public uint RuntimeDataHash { get; set; } = 1;

    public Func<byte[], byte[]> ChangeQuote { get; set; } = bytes => bytes;

    public bool SignQuoteWithOtherKey { get; set; }

    public byte[] ExtraData { get; set; } = Nonce;

    public List<(ushort HashAlgorithm, byte[] Bitmap)> Selections { get; } = [(TpmPcrSelection.Sha256, [0xFF, 0xFF, 0xFF])];

    /// <summary>The values of the registers: 24 times the register's number.</summary>
    public HexValue[] Pcrs { get; } = [.. Enumerable.Range(0, 24).Select(register => new HexValue(ForgedSnp.Bytes(32, (byte)register)))];

    public Func<byte[], byte[]> ChangePcrs { get; set; } = bytes => bytes;

    public HashSet<string> Absent { get; } = [];

    public static JsonObject KeyOf(string name, RSA key)
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        return new()
        {
            ["kid"] = name,
            ["key_ops"] = new JsonArray("sign"),
            ["kty"] = "RSA",
            ["e"] = StrictBase64Url.Encode(parameters.Exponent),
            ["n"] = StrictBase64Url.Encode(parameters.Modulus),
        };
    }

    /// <summary>A verifier that believes in the roots of the hardware below.</summary>
    public ITeeVerifier Verifier() => TeeVerifiers.DangerouslyTrusting(TeeKind.AzureVtpm, Tdx is null ? ForgedSnp.Root : Tdx.Root);

    /// <summary>Has the hardware sign the runtime data and the vTPM its registers.</summary>
    public TeeEvidence Prove()
    {
        var runtimeData = Encoding.UTF8.GetBytes(RuntimeData.ToJsonString());
        var reportData = new byte[64];
        (RuntimeDataHash switch { 2 => SHA384.HashData(runtimeData), 3 => SHA512.HashData(runtimeData), _ => SHA256.HashData(runtimeData) }).CopyTo(reportData, 0);
        var endorsements = ProveHardware(reportData, out var hardwareReport);
        var quote = ChangeQuote(Quote());
        endorsements[EndorsementName.HclReport] = [HclReport(hardwareReport, ChangeRuntimeData(runtimeData))];
        endorsements[EndorsementName.TpmQuoteSignature] = [(SignQuoteWithOtherKey ? OtherKey : AttestationKey).SignData(quote, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)];
        endorsements[EndorsementName.Pcrs] = [ChangePcrs(new PcrValues(Pcrs).Encode())];
        foreach (var name in Absent)
        {
            endorsements.Remove(name);
        }

        return new(TeeKind.AzureVtpm.EvidenceType, quote, endorsements);
    }

    private Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> ProveHardware(byte[] reportData, out byte[] hardwareReport)
    {
        if (Tdx is null)
        {
            var guest = Snp.Set(0x050, reportData).Prove();
            hardwareReport = guest.Data.ToArray();
            return guest.Endorsements.ToDictionary(StringComparer.Ordinal);
        }

        // TDREPORT: type, and the report data at 128. Nobody signs it.
        hardwareReport = new byte[1184];
        hardwareReport[0] = 0x81;
        reportData.CopyTo(hardwareReport, 128);
        Tdx.ReportData = reportData;
        var domain = Tdx.Prove();
        var endorsements = domain.Endorsements.ToDictionary(StringComparer.Ordinal);
        endorsements[EndorsementName.Quote] = [domain.Data];
        return endorsements;
    }

    private byte[] HclReport(byte[] hardwareReport, byte[] runtimeData)
    {
        byte[] report =
        [
            .. "HCLA"u8, .. UInt32(2), .. UInt32(1236 + runtimeData.Length), .. UInt32(2), .. new byte[16],
            .. hardwareReport,
            .. UInt32(20 + runtimeData.Length), .. UInt32(1), .. UInt32(Tdx is null ? 2 : 4), .. UInt32((int)RuntimeDataHash), .. UInt32(runtimeData.Length),
            .. runtimeData,
            .. new byte[40],
        ];
        ChangeHclReport(report);
        return report;
    }

    private byte[] Quote()
    {
        List<byte> quote = [0xFF, 0x54, 0x43, 0x47, 0x80, 0x18, 0, 34, .. ForgedSnp.Bytes(34, 0x11), .. UInt16(ExtraData.Length), .. ExtraData, .. new byte[17], 0x20, 0x20, 3, 0x12, 0, 0x12, 0, 3];
        quote.AddRange([0, 0, 0, (byte)Selections.Count]);
        foreach (var (algorithm, bitmap) in Selections)
        {
            quote.AddRange([.. UInt16(algorithm), (byte)bitmap.Length, .. bitmap]);
        }

        var selected = Enumerable.Range(0, 24).Where(register => Selections.Count > 0 && register / 8 < Selections[0].Bitmap.Length && ((Selections[0].Bitmap[register / 8] >> (register % 8)) & 1) != 0);
        return [.. quote, 0, 32, .. SHA256.HashData(selected.SelectMany(register => Pcrs[register].Bytes.ToArray()).ToArray())];
    }

    private static byte[] UInt32(int value) => BitConverter.GetBytes(value);

    private static byte[] UInt16(int value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)value);
        return bytes;
    }
}
