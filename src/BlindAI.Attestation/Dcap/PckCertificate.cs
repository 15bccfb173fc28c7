using System.Formats.Asn1;
using System.Globalization;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.Dcap;

/// <summary>What Intel certified of a platform: the extension of its PCK certificate. Parsed, not yet believed.</summary>
/// <remarks>Source: Intel SGX PCK Certificate and Certificate Revocation List Profile Specification, section 1.3.5, OID 1.2.840.113741.1.13.1.</remarks>
public sealed class PckCertificate
{
    private const int ComponentCount = 16;
    private const int PceSvnIndex = 17;

    /// <summary>The extension that holds it.</summary>
    internal const string Extension = "1.2.840.113741.1.13.1";

    /// <summary>What the leaf is called.</summary>
    internal const string CommonName = "SGX PCK Certificate";

    /// <summary>PPID, 16 bytes: names the platform.</summary>
    public required ReadOnlyMemory<byte> Ppid { get; init; }

    /// <summary>The 16 SGX TCB component SVNs.</summary>
    public required IReadOnlyList<byte> Components { get; init; }

    /// <summary>PCESVN.</summary>
    public required ushort PceSvn { get; init; }

    /// <summary>PCEID, 2 bytes.</summary>
    public required ReadOnlyMemory<byte> PceId { get; init; }

    /// <summary>FMSPC, 6 bytes: the platform's family.</summary>
    public required ReadOnlyMemory<byte> Fmspc { get; init; }

    /// <summary>How the platform protects memory.</summary>
    public required SgxType SgxType { get; init; }

    /// <summary>The platform instance id, 16 bytes; null for the Processor CA.</summary>
    public required ReadOnlyMemory<byte>? PlatformInstanceId { get; init; }

    /// <summary>Whether packages may be added; null for the Processor CA.</summary>
    public required bool? DynamicPlatform { get; init; }

    /// <summary>Whether Intel keeps the platform's root keys; null for the Processor CA.</summary>
    public required bool? CachedKeys { get; init; }

    /// <summary>Whether simultaneous multithreading is on; null for the Processor CA.</summary>
    public required bool? SmtEnabled { get; init; }

    /// <exception cref="AttestationException">The 1xx family: the certificate lacks the extension, or the extension its members.</exception>
    internal static PckCertificate Read(Certificate certificate)
    {
        Reject.Unless(certificate.Extensions.TryGetValue(Extension, out var value), RejectionCode.MemberMissing, "The PCK certificate lacks Intel's extension.");
        return Der.Read(value, "The extension of the PCK certificate", reader =>
        {
            var members = ReadMembers(reader, Extension);
            reader.ThrowIfNotEmpty();
            var (tcb, settings) = (ReadMembers(Required(members, 2), Extension + ".2"), members.TryGetValue(7, out var configuration) ? ReadMembers(configuration, Extension + ".7") : []);
            return new PckCertificate
            {
                Ppid = Bytes(Required(members, 1), 16),
                Components = [.. Enumerable.Range(1, ComponentCount).Select(index => (byte)Number(Required(tcb, index), byte.MaxValue))],
                PceSvn = (ushort)Number(Required(tcb, PceSvnIndex), ushort.MaxValue),
                PceId = Bytes(Required(members, 3), 2),
                Fmspc = Bytes(Required(members, 4), 6),
                SgxType = ReadSgxType(Required(members, 5)),
                PlatformInstanceId = members.TryGetValue(6, out var instance) ? (ReadOnlyMemory<byte>?)Bytes(instance, 16) : null,
                DynamicPlatform = settings.TryGetValue(1, out var dynamic) ? dynamic.ReadBoolean() : null,
                CachedKeys = settings.TryGetValue(2, out var cached) ? cached.ReadBoolean() : null,
                SmtEnabled = settings.TryGetValue(3, out var smt) ? smt.ReadBoolean() : null,
            };
        });
    }

    // SEQUENCE of SEQUENCE { OID prefix.n, value }: the values by n.
    private static Dictionary<int, AsnReader> ReadMembers(AsnReader reader, string prefix)
    {
        var members = new Dictionary<int, AsnReader>();
        var sequence = reader.ReadSequence();
        while (sequence.HasData)
        {
            var member = sequence.ReadSequence();
            var oid = member.ReadObjectIdentifier();
            var index = 0;
            Reject.Unless(oid.StartsWith(prefix + ".", StringComparison.Ordinal) && int.TryParse(oid.AsSpan(prefix.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out index),
                RejectionCode.MemberUnknown, "The extension of the PCK certificate has a member that is not Intel's.");
            Reject.Unless(members.TryAdd(index, member), RejectionCode.MemberDuplicate, "The extension of the PCK certificate has a member twice.");
        }

        return members;
    }

    private static AsnReader Required(Dictionary<int, AsnReader> members, int index) => members.TryGetValue(index, out var member)
        ? member
        : throw new AttestationException(RejectionCode.MemberMissing, $"The extension of the PCK certificate lacks its member {index}.");

    private static byte[] Bytes(AsnReader member, int length)
    {
        var bytes = member.ReadOctetString();
        Reject.Unless(bytes.Length == length, RejectionCode.ValueInvalid, $"A member of the PCK certificate has {bytes.Length} bytes, not {length}.");
        return bytes;
    }

    private static int Number(AsnReader member, int max)
    {
        Reject.Unless(member.TryReadInt32(out var number) && number >= 0 && number <= max, RejectionCode.ValueInvalid, "A version number in the PCK certificate is out of range.");
        return number;
    }

    private static SgxType ReadSgxType(AsnReader member)
    {
        var bytes = member.ReadEnumeratedBytes().Span;
        var type = bytes.Length == 1 ? (SgxType)bytes[0] : (SgxType)(-1);
        Reject.Unless(Enum.IsDefined(type), RejectionCode.ValueInvalid, "The PCK certificate has an SGX type that this version does not know.");
        return type;
    }
}
