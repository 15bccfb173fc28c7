using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.SevSnp;

/// <summary>The table of certificates that the host hands to a guest beside its report: hints of a stranger.</summary>
/// <remarks>
/// Source: AMD publication 56421 (GHCB), SNP Extended Guest Request; docs/attestation.md, clause 12. Entries of GUID (16 bytes, in the order of its text),
/// offset u32 and length u32 from the start of the table, until an entry of zeros. Some hosts fill it wrongly: an entry that points outside is left out, and then
/// the certificate that it should have named is missing. Other GUIDs are skipped.
/// </remarks>
internal sealed class SnpCertificateTable
{
    /// <summary>Most bytes of a table. Linux hands over at most 16 KiB.</summary>
    public const int MaxLength = 64 * 1024;

    public static readonly Guid Vcek = new("63da758d-e664-4564-adc5-f4b93be8accd");
    public static readonly Guid Vlek = new("a8074bc2-a25a-483e-aae6-39c045a0b8a1");
    public static readonly Guid Ask = new("4ab7b379-bbac-4fe4-a02f-05aef327c782");
    public static readonly Guid Ark = new("c0b406a4-a803-4952-9743-3fb6014cd0ae");
    public static readonly Guid Crl = new("92f81bc3-5811-4d3d-97ff-d19f88dc67ea");

    private const int GuidLength = 16;

    private const int MaxEntries = 32;

    private readonly Dictionary<Guid, ReadOnlyMemory<byte>> _entries = [];

    private SnpCertificateTable()
    {
    }

    /// <summary>Reads a table.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.TooLarge"/>, <see cref="RejectionCode.Truncated"/>, <see cref="RejectionCode.MemberDuplicate"/>.</exception>
    public static SnpCertificateTable Parse(ReadOnlyMemory<byte> bytes)
    {
        Reject.Unless(bytes.Length <= MaxLength, RejectionCode.TooLarge, $"The certificate table has {bytes.Length} bytes; the limit is {MaxLength}.");
        var table = new SnpCertificateTable();
        var reader = new EvidenceReader(bytes.Span);
        for (var count = 0; ; count++)
        {
            var (name, offset, length) = (new Guid(reader.ReadBytes(GuidLength), bigEndian: true), reader.ReadUInt32(), reader.ReadUInt32());
            if (name == Guid.Empty && offset == 0 && length == 0)
            {
                return table;
            }

            Reject.Unless(count < MaxEntries, RejectionCode.TooLarge, $"The certificate table has more than {MaxEntries} entries.");
            if ((ulong)offset + length <= (ulong)bytes.Length)
            {
                Reject.Unless(table._entries.TryAdd(name, bytes.Slice((int)offset, (int)length)), RejectionCode.MemberDuplicate, "The certificate table names a certificate twice.");
            }
        }
    }

    /// <summary>The bytes under a GUID; null when there are none.</summary>
    public ReadOnlyMemory<byte>? Find(Guid name) => _entries.TryGetValue(name, out var value) && value.Length > 0 ? value : (ReadOnlyMemory<byte>?)null;
}
