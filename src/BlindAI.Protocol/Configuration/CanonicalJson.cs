using System.Globalization;
using System.Text;

namespace BlindAI.Protocol.Configuration;

/// <summary>Canonical JSON for documents whose digest is compared: objects, printable ASCII text, integers and booleans.</summary>
/// <remarks>Source: RFC 8785 (JCS). Members are sorted by UTF-16 code units; integers beyond 2^53, which it would round, are refused.</remarks>
public static class CanonicalJson
{
    private const long MaxExactInteger = 1L << 53;

    /// <summary>Writes the one encoding of a document.</summary>
    /// <exception cref="ArgumentException">A value that this subset does not have.</exception>
    public static string Write(IReadOnlyDictionary<string, object> document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var text = new StringBuilder();
        WriteObject(text, document);
        return text.ToString();
    }

    private static void WriteObject(StringBuilder text, IReadOnlyDictionary<string, object> members)
    {
        text.Append('{');
        var separator = "";
        foreach (var (name, value) in members.OrderBy(member => member.Key, StringComparer.Ordinal))
        {
            text.Append(separator);
            separator = ",";
            WriteString(text, name);
            text.Append(':');
            WriteValue(text, value);
        }

        text.Append('}');
    }

    private static void WriteValue(StringBuilder text, object value)
    {
        switch (value)
        {
            case string literal: WriteString(text, literal); break;
            case bool flag: text.Append(flag ? "true" : "false"); break;
            case int number: text.Append(number.ToString(CultureInfo.InvariantCulture)); break;
            case long number and >= -MaxExactInteger and <= MaxExactInteger: text.Append(number.ToString(CultureInfo.InvariantCulture)); break;
            case IReadOnlyDictionary<string, object> members: WriteObject(text, members); break;
            default: throw new ArgumentException($"Canonical JSON here has no {value.GetType().Name} of that value.", nameof(value));
        }
    }

    private static void WriteString(StringBuilder text, string value)
    {
        if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            throw new ArgumentException("Canonical JSON here holds printable ASCII only.", nameof(value));
        }

        text.Append('"').Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
    }
}
