using System.Formats.Asn1;
using System.Text;
using BlindAI.Attestation.Evidence.Certificates;

namespace BlindAI.Attestation.NvidiaGpu;

/// <summary>A certificate's name as text. For display; names are compared as bytes.</summary>
/// <remarks>Source: RFC 4514 section 2: the last part first; an attribute without a short name by its OID.</remarks>
internal static class DistinguishedName
{
    private static readonly Dictionary<string, string> ShortNames = new(StringComparer.Ordinal)
    {
        ["2.5.4.3"] = "CN",
        ["2.5.4.6"] = "C",
        ["2.5.4.7"] = "L",
        ["2.5.4.8"] = "ST",
        ["2.5.4.10"] = "O",
        ["2.5.4.11"] = "OU",
    };

    /// <exception cref="AttestationException"><see cref="RejectionCode.EncodingInvalid"/>.</exception>
    public static string Text(ReadOnlyMemory<byte> name) => Der.Read(name, "A name in a certificate", reader =>
    {
        var parts = new List<string>();
        var sequence = reader.ReadSequence();
        while (sequence.HasData)
        {
            var attributes = new List<string>();
            var set = sequence.ReadSetOf(skipSortOrderValidation: true);
            while (set.HasData)
            {
                attributes.Add(ReadAttribute(set.ReadSequence()));
            }

            parts.Insert(0, string.Join('+', attributes));
        }

        return string.Join(',', parts);
    });

    private static string ReadAttribute(AsnReader attribute)
    {
        var oid = attribute.ReadObjectIdentifier();
        var tag = attribute.PeekTag();
        var value = tag.TagValue is (int)UniversalTagNumber.UTF8String or (int)UniversalTagNumber.PrintableString or (int)UniversalTagNumber.IA5String
            ? Escape(attribute.ReadCharacterString((UniversalTagNumber)tag.TagValue))
            : "#" + Convert.ToHexStringLower(attribute.ReadEncodedValue().Span);
        return $"{ShortNames.GetValueOrDefault(oid, oid)}={value}";
    }

    private static string Escape(string value)
    {
        var text = new StringBuilder();
        for (var index = 0; index < value.Length; index++)
        {
            var isAtEnd = index == 0 || index == value.Length - 1;
            if (value[index] is ',' or '+' or '"' or '\\' or '<' or '>' or ';' || (value[index] == ' ' && isAtEnd) || (value[index] == '#' && index == 0))
            {
                text.Append('\\');
            }

            text.Append(value[index]);
        }

        return text.ToString();
    }
}
