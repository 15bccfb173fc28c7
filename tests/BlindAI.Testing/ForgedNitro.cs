using System.Formats.Cbor;
using System.Security.Cryptography;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Testing;

/// <summary>A Nitro enclave whose hypervisor and root are made of test keys; every part of the document is open to be forged.</summary>
public sealed class ForgedNitro : IDisposable
{
    public const string ModuleId = "i-0123456789abcdef0-enc0123456789abcdef";

    public ForgedNitro(DateTimeOffset? leafNotAfter = null, ECCurve? leafCurve = null)
    {
        Chain = new(["aws.nitro-enclaves", "region", "zone", "instance", ModuleId], Now.AddDays(-2), Now.AddDays(2), leafNotAfter ?? Now.AddHours(3), leafCurve);
        Set("module_id", writer => writer.WriteTextString(ModuleId));
        Set("digest", writer => writer.WriteTextString("SHA384"));
        Set("timestamp", writer => writer.WriteInt64(Now.ToUnixTimeMilliseconds()));
        SetPcrs(Enumerable.Range(0, 16).Select(index => ((ulong)index, Pcr(index))));
        Set("certificate", writer => writer.WriteByteString(Chain.Certificates[0]));
        SetBundle(Chain.Certificates.Skip(1).Reverse());
        Set("public_key", writer => writer.WriteNull());
        Set("user_data", writer => writer.WriteByteString(ReportData.Bytes));
        Set("nonce", writer => writer.WriteByteString(Nonce.Bytes.Span));
    }

    /// <summary>The instant of every verification.</summary>
    public static DateTimeOffset Now => ForgedEnclave.Now;

    public ReportData ReportData { get; } = ReportData.ForClaims("claims"u8);

    public Nonce Nonce { get; } = Nonce.Create();

    public ForgedP384Chain Chain { get; }

    /// <summary>The keys of the payload map in their order, each with what writes its value.</summary>
    public List<(string Key, Action<CborWriter> Write)> Fields { get; } = [];

    public bool IsIndefinite { get; set; } = true;

    public bool IsTagged { get; set; }

    public byte[] ProtectedHeader { get; set; } = [0xA1, 0x01, 0x38, 0x22];

    public ITeeVerifier Verifier => TeeVerifiers.DangerouslyTrusting(TeeKind.Nitro, Chain.Root);

    public EvidenceChallenge Challenge => EvidenceChallenge.ForClaims(ReportData, Nonce);

    /// <summary>Registers 3 and above are zero, as in most documents.</summary>
    public static byte[] Pcr(int index) => index < 3 ? SHA384.HashData([(byte)index]) : new byte[SHA384.HashSizeInBytes];

    /// <summary>Replaces a field or adds it.</summary>
    public void Set(string key, Action<CborWriter> write)
    {
        var index = Fields.FindIndex(field => field.Key == key);
        if (index < 0)
        {
            Fields.Add((key, write));
        }
        else
        {
            Fields[index] = (key, write);
        }
    }

    public void SetPcrs(IEnumerable<(ulong Index, byte[] Value)> pcrs) => Set("pcrs", writer =>
    {
        var list = pcrs.ToList();
        writer.WriteStartMap(list.Count);
        foreach (var (index, value) in list)
        {
            writer.WriteUInt64(index);
            writer.WriteByteString(value);
        }

        writer.WriteEndMap();
    });

    public void SetBundle(IEnumerable<byte[]> rootFirst) => Set("cabundle", writer =>
    {
        var list = rootFirst.ToList();
        writer.WriteStartArray(list.Count);
        list.ForEach(writer.WriteByteString);
        writer.WriteEndArray();
    });

    public byte[] Payload()
    {
        var writer = new CborWriter(CborConformanceMode.Lax);
        writer.WriteStartMap(IsIndefinite ? null : Fields.Count);
        foreach (var (key, write) in Fields)
        {
            writer.WriteTextString(key);
            write(writer);
        }

        writer.WriteEndMap();
        return writer.Encode();
    }

    /// <summary>The document, rightly signed by the key of the leaf.</summary>
    public byte[] Sign(byte[]? payload = null)
    {
        payload ??= Payload();
        var signed = new CborWriter();
        signed.WriteStartArray(4);
        signed.WriteTextString("Signature1");
        signed.WriteByteString(ProtectedHeader);
        signed.WriteByteString([]);
        signed.WriteByteString(payload);
        signed.WriteEndArray();
        return Encode(payload, Chain.LeafKey.SignData(signed.Encode(), HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    /// <summary>The document with any signature.</summary>
    public byte[] Encode(byte[] payload, byte[] signature)
    {
        var writer = new CborWriter();
        if (IsTagged)
        {
            writer.WriteTag((CborTag)18);
        }

        writer.WriteStartArray(4);
        writer.WriteByteString(ProtectedHeader);
        writer.WriteStartMap(0);
        writer.WriteEndMap();
        writer.WriteByteString(payload);
        writer.WriteByteString(signature);
        writer.WriteEndArray();
        return writer.Encode();
    }

    public VerifiedEvidence Verify(byte[]? document = null) => Verifier.Verify(new(TeeKind.Nitro.EvidenceType, document ?? Sign()), Challenge, Now);

    public void Dispose() => Chain.Dispose();
}
