using System.Formats.Asn1;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.NvidiaGpu;

/// <summary>The extension in which the device's certificate says which firmware its key was made for.</summary>
/// <remarks>
/// Source: TCG DICE Attestation Architecture, TcbInfo (FWID is a hash algorithm and a digest). Hopper has one FWID at its end, Blackwell several inside: whatever
/// has the shape of a FWID anywhere in it counts.
/// </remarks>
internal sealed class DiceExtension
{
    private const string Sha384 = "2.16.840.1.101.3.4.2.2";

    // Blackwell's deepest FWID is three levels down.
    private const int MaxDepth = 8;

    // What Hopper and Blackwell use; the first is also the parent of the second.
    private static readonly string[] Oids = ["2.23.133.5.4.1", "2.23.133.5.4.1.1"];

    private readonly List<ReadOnlyMemory<byte>> _digests = [];

    private DiceExtension(string oid) => Oid = oid;

    /// <summary>The extension's OID.</summary>
    public string Oid { get; }

    /// <summary>The extension of a certificate; null when it has none.</summary>
    /// <exception cref="AttestationException"><see cref="RejectionCode.EncodingInvalid"/>.</exception>
    public static DiceExtension? Find(Certificate certificate)
    {
        foreach (var oid in Oids)
        {
            if (certificate.Extensions.TryGetValue(oid, out var value))
            {
                var extension = new DiceExtension(oid);
                return Der.Read(value, "The DICE extension", reader =>
                {
                    extension.Collect(reader, 0);
                    return extension;
                });
            }
        }

        return null;
    }

    /// <summary>Whether the firmware is one of those named. Zeros, which stand for firmware that is not there, are never named.</summary>
    public bool Names(ReadOnlySpan<byte> fwId)
    {
        foreach (var digest in _digests)
        {
            if (digest.Span.SequenceEqual(fwId) && fwId.ContainsAnyExcept((byte)0))
            {
                return true;
            }
        }

        return false;
    }

    private void Collect(AsnReader reader, int depth)
    {
        Reject.Unless(depth < MaxDepth, RejectionCode.EncodingInvalid, "The DICE extension is nested too deep.");
        string? algorithm = null;
        while (reader.HasData)
        {
            var tag = reader.PeekTag();
            if (tag == Asn1Tag.ObjectIdentifier)
            {
                algorithm = reader.ReadObjectIdentifier();
                continue;
            }

            if (tag == Asn1Tag.PrimitiveOctetString && algorithm == Sha384)
            {
                _digests.Add(reader.ReadOctetString());
            }
            else if (tag == Asn1Tag.Sequence || (tag.IsConstructed && tag.TagClass == TagClass.ContextSpecific))
            {
                Collect(reader.ReadSequence(tag), depth + 1);
            }
            else
            {
                _ = reader.ReadEncodedValue();
            }

            algorithm = null;
        }
    }
}
