using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BlindAI.Attestation;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Testing;

/// <summary>A GPU whose device root and RIM root are made of test keys; every part of report and RIM files is open to be forged.</summary>
public sealed class ForgedGpu : IDisposable
{
    public const string DriverVersion = "550.90.07";
    public const string VbiosVersion = "96.00.9F.00.01";

    public ForgedGpu(string leafName = "GH100 A01 GSP FMC LF", DateTimeOffset? leafNotAfter = null, DateTimeOffset? rimNotAfter = null, byte[]? dice = null, bool isDiceCritical = true, ECCurve? leafCurve = null)
    {
        Device = new(["Device Identity CA", "Identity", "ICA", "BROM", leafName], Now.AddYears(-1), Now.AddYears(100), leafNotAfter, leafCurve,
            dice is [] ? [] : [new X509Extension("2.23.133.5.4.1", dice ?? Dice(FwId), isDiceCritical)]);
        RimSigner = new(["CoRIM Root CA", "Reference Value CA", "RIM Signer"], Now.AddYears(-1), Now.AddYears(10), rimNotAfter ?? Now.AddYears(1));
        Set(3, [.. "550.90.07\0"u8]);
        Set(6, [0x00, 0x9F, 0x00, 0x96, 0x01, 0, 0, 0]);
        Set(11, [0x55]);
        Set(14, [0xB1, 0x03, 0, 0]);
        Set(15, [.. "882\0\0\0"u8]);
        Set(17, [.. "1010\0"u8]);
        Set(18, [.. "0200\0"u8]);
        Set(20, FwId);
        Set(21, [0x55]);
        Set(26, [1, 2, 3]);
    }

    /// <summary>The instant of every verification.</summary>
    public static DateTimeOffset Now => ForgedEnclave.Now;

    public static byte[] FwId { get; } = SHA384.HashData("firmware"u8);

    public static byte[] Nonce { get; } = SHA256.HashData("nonce"u8);

    public ForgedP384Chain Device { get; }

    public ForgedP384Chain RimSigner { get; }

    public List<(byte Index, byte[] Value)> Blocks { get; } = [.. Enumerable.Range(1, 40).Select(index => ((byte)index, Measurement(index)))];

    public List<(ushort Type, byte[] Value)> Opaque { get; } = [];

    /// <summary>Of the measurements 0 to 3 and 35, as a driver's; 35 is the video decoder's and matches nothing.</summary>
    public ForgedRim Driver { get; } = new()
    {
        Version = DriverVersion,
        Active = new() { [0] = [Measurement(1)], [1] = [new byte[48], Measurement(2)], [2] = [Measurement(3)], [35] = [new byte[48]] },
    };

    public ForgedRim Vbios { get; } = new() { Version = VbiosVersion, Active = new() { [10] = [Measurement(11)], [11] = [Measurement(12)] } };

    public ITeeVerifier Verifier => TeeVerifiers.DangerouslyTrusting(TeeKind.NvidiaGpu, Device.Root, RimSigner.Root);

    public EvidenceChallenge Challenge => EvidenceChallenge.Exactly(Nonce);

    public static byte[] Measurement(int index) => SHA384.HashData([(byte)index]);

    /// <summary>A DICE extension in Hopper's shape: version, FWID of SHA-384.</summary>
    public static byte[] Dice(byte[] fwId)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(1);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("2.16.840.1.101.3.4.2.2");
                writer.WriteOctetString(fwId);
            }
        }

        return writer.Encode();
    }

    public void Set(ushort type, byte[] value)
    {
        Opaque.RemoveAll(field => field.Type == type);
        Opaque.Add((type, value));
    }

    public void Remove(ushort type) => Opaque.RemoveAll(field => field.Type == type);

    /// <summary>Request and answer without the signature.</summary>
    public byte[] Unsigned()
    {
        byte[] record = [.. Blocks.SelectMany(block => (byte[])[block.Index, 1, 51, 0, 1, 48, 0, .. block.Value])];
        byte[] opaque = [.. Opaque.SelectMany(field => (byte[])[.. UInt16(field.Type), .. UInt16(field.Value.Length), .. field.Value])];
        return
        [
            0x11, 0xE0, 0x01, 0xFF, .. Nonce, 0x00,
            0x11, 0x60, 0x00, 0x00, (byte)Blocks.Count, .. UInt16(record.Length), 0x00, .. record, .. new byte[32], .. UInt16(opaque.Length), .. opaque,
        ];
    }

    public byte[] Sign(byte[]? unsigned = null)
    {
        unsigned ??= Unsigned();
        return [.. unsigned, .. Device.LeafKey.SignData(unsigned, HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)];
    }

    public TeeEvidence Evidence(byte[]? report = null, bool withRims = true)
    {
        var endorsements = new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>> { [EndorsementName.CertChain] = [Encoding.ASCII.GetBytes(Device.Pem())] };
        if (withRims)
        {
            endorsements[EndorsementName.DriverRim] = [Driver.Sign(RimSigner)];
            endorsements[EndorsementName.VbiosRim] = [Vbios.Sign(RimSigner)];
        }

        return new(TeeKind.NvidiaGpu.EvidenceType, report ?? Sign(), endorsements);
    }

    public VerifiedEvidence Verify(byte[]? report = null, bool withRims = true) => Verifier.Verify(Evidence(report, withRims), Challenge, Now);

    public void Dispose()
    {
        Device.Dispose();
        RimSigner.Dispose();
    }

    private static byte[] UInt16(int value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value);
        return bytes;
    }
}
