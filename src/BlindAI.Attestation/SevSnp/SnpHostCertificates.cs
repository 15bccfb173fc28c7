using System.Buffers.Binary;
using BlindAI.Attestation.Evidence;

namespace BlindAI.Attestation.SevSnp;

/// <summary>The table of certificates that the host hands to an SEV-SNP guest: carried along as it is, trusted by nobody.</summary>
/// <remarks>Source: AMD publication 56421 (GHCB), SNP Extended Guest Request: entries of GUID, offset and length up to one of zeros.</remarks>
internal static class SnpHostCertificates
{
    private const int EntryLength = 24;
    private const int OffsetAt = 16;
    private const int LengthAt = 20;

    /// <summary>The report, with the table where the host gave one.</summary>
    public static TeeEvidence Attach(ReadOnlyMemory<byte> report, ReadOnlyMemory<byte> table)
    {
        var used = table[..UsedLength(table.Span)];
        return new(TeeKind.SevSnp.EvidenceType, report,
            used.IsEmpty ? null : new Dictionary<string, IReadOnlyList<ReadOnlyMemory<byte>>>(StringComparer.Ordinal) { [EndorsementName.CertTable] = [used] });
    }

    // The table comes in whole pages, mostly of zeros. One that makes no sense stays whole, for the verifier to refuse.
    private static int UsedLength(ReadOnlySpan<byte> table)
    {
        uint used = 0;
        for (var at = 0; at + EntryLength <= table.Length; at += EntryLength)
        {
            var entry = table.Slice(at, EntryLength);
            if (!entry.ContainsAnyExcept((byte)0))
            {
                return used == 0 ? 0 : Math.Max((int)used, at + EntryLength);
            }

            var offset = BinaryPrimitives.ReadUInt32LittleEndian(entry[OffsetAt..]);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(entry[LengthAt..]);
            if (offset > table.Length || length > table.Length - offset)
            {
                break;
            }

            used = Math.Max(used, offset + length);
        }

        return table.Length;
    }
}
