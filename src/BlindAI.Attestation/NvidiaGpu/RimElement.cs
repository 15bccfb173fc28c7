using System.Text;
using System.Xml;

namespace BlindAI.Attestation.NvidiaGpu;

/// <summary>An element of a RIM file, exactly as it is canonicalised: what is hashed is what is read.</summary>
/// <remarks>
/// Source: W3C Canonical XML 1.1 without comments, for the profile that NVIDIA's files keep: ASCII, no document type, comments, processing instructions, CDATA
/// or <c>xml:</c> attributes. Anything outside the profile is refused, and inside it Canonical XML 1.0 and 1.1 are the same.
/// </remarks>
internal sealed class RimElement
{
    /// <summary>Most bytes of a file; a real one has about twenty thousand.</summary>
    public const int MaxLength = 256 * 1024;

    private const int MaxDepth = 16;
    private const int MaxElements = 1024;
    private const int MaxAttributes = 64;

    private const string DeclarationNamespace = "http://www.w3.org/2000/xmlns/";

    private readonly List<(string Prefix, string Name, string Namespace, string Value)> _attributes = [];

    private readonly SortedDictionary<string, string> _declarations = new(StringComparer.Ordinal);

    // Elements and texts in their order.
    private readonly List<object> _content = [];

    private RimElement(XmlReader reader) => (Prefix, Name, Namespace) = (reader.Prefix, reader.LocalName, reader.NamespaceURI);

    public string Prefix { get; }

    public string Name { get; }

    public string Namespace { get; }

    public IEnumerable<RimElement> Children => _content.OfType<RimElement>();

    /// <summary>The text right below, without what is in elements.</summary>
    public string Text => string.Concat(_content.OfType<string>());

    /// <summary>Reads a file.</summary>
    /// <exception cref="AttestationException">The 1xx family.</exception>
    public static RimElement Parse(ReadOnlyMemory<byte> bytes)
    {
        Reject.Unless(bytes.Length <= MaxLength, RejectionCode.TooLarge, $"The RIM file has {bytes.Length} bytes; the limit is {MaxLength}.");
        Reject.Unless(Ascii.IsValid(bytes.Span), RejectionCode.EncodingInvalid, "The RIM file is not ASCII.");
        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaxLength };
        using var text = new StringReader(Encoding.ASCII.GetString(bytes.Span));
        using var reader = XmlReader.Create(text, settings);
        try
        {
            return Read(reader);
        }
        catch (XmlException exception)
        {
            throw new AttestationException(RejectionCode.EncodingInvalid, "The RIM file is not the XML that it must be.", innerException: exception);
        }
    }

    /// <summary>The value of an attribute; null when it is not there.</summary>
    public string? Find(string name, string attributeNamespace = "")
    {
        foreach (var attribute in _attributes)
        {
            if (attribute.Name == name && attribute.Namespace == attributeNamespace)
            {
                return attribute.Value;
            }
        }

        return null;
    }

    /// <summary>The canonical form.</summary>
    /// <param name="ancestors">The elements above, the outermost first: their declarations hold here too.</param>
    /// <param name="without">An element below that is left out (the enveloped-signature transform); null for none.</param>
    public byte[] Canonicalise(IEnumerable<RimElement> ancestors, RimElement? without = null)
    {
        var inherited = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var element in ancestors.Append(this))
        {
            foreach (var (prefix, uri) in element._declarations)
            {
                inherited[prefix] = uri;
            }
        }

        var output = new StringBuilder();
        Write(output, inherited, new(StringComparer.Ordinal), without);
        return Encoding.UTF8.GetBytes(output.ToString());
    }

    private static RimElement Read(XmlReader reader)
    {
        var open = new Stack<RimElement>();
        RimElement? root = null;
        var count = 0;
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    Reject.Unless(++count <= MaxElements, RejectionCode.TooLarge, $"The RIM file has more than {MaxElements} elements.");
                    Reject.Unless(open.Count < MaxDepth, RejectionCode.TooLarge, $"The RIM file nests deeper than {MaxDepth}.");
                    var element = new RimElement(reader);
                    var isEmpty = reader.IsEmptyElement;
                    element.ReadAttributes(reader);
                    root ??= element;
                    if (open.TryPeek(out var parent))
                    {
                        parent._content.Add(element);
                    }

                    if (!isEmpty)
                    {
                        open.Push(element);
                    }

                    break;
                case XmlNodeType.EndElement:
                    open.Pop();
                    break;
                case XmlNodeType.Text or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                    if (open.TryPeek(out var owner))
                    {
                        owner._content.Add(reader.Value);
                    }

                    break;
                case XmlNodeType.XmlDeclaration:
                    break;
                default:
                    throw new AttestationException(RejectionCode.EncodingInvalid, $"The RIM file has a node of the kind {reader.NodeType}, which no such file has.");
            }
        }

        return root ?? throw new AttestationException(RejectionCode.EncodingInvalid, "The RIM file has no element.");
    }

    private void ReadAttributes(XmlReader reader)
    {
        Reject.Unless(reader.AttributeCount <= MaxAttributes, RejectionCode.TooLarge, $"An element of the RIM file has more than {MaxAttributes} attributes.");
        while (reader.MoveToNextAttribute())
        {
            Reject.Unless(reader.Prefix != "xml" && !(reader.Prefix == "xmlns" && reader.LocalName == "xml"), RejectionCode.EncodingInvalid, "The RIM file has an attribute of the xml namespace.");
            if (reader.NamespaceURI == DeclarationNamespace)
            {
                _declarations.Add(reader.Prefix.Length == 0 ? "" : reader.LocalName, reader.Value);
            }
            else
            {
                _attributes.Add((reader.Prefix, reader.LocalName, reader.NamespaceURI, reader.Value));
            }
        }
    }

    private void Write(StringBuilder output, SortedDictionary<string, string> declarations, Dictionary<string, string> written, RimElement? without)
    {
        var name = Qualified(Prefix, Name);
        output.Append('<').Append(name);
        foreach (var (prefix, uri) in declarations)
        {
            if (written.GetValueOrDefault(prefix, "") != uri)
            {
                written = new(written, StringComparer.Ordinal) { [prefix] = uri };
                output.Append(' ').Append(prefix.Length == 0 ? "xmlns" : Qualified("xmlns", prefix)).Append("=\"").Append(EscapeAttribute(uri)).Append('"');
            }
        }

        foreach (var attribute in _attributes.OrderBy(item => item.Namespace, StringComparer.Ordinal).ThenBy(item => item.Name, StringComparer.Ordinal))
        {
            output.Append(' ').Append(Qualified(attribute.Prefix, attribute.Name)).Append("=\"").Append(EscapeAttribute(attribute.Value)).Append('"');
        }

        output.Append('>');
        foreach (var item in _content)
        {
            if (item is RimElement child)
            {
                if (child != without)
                {
                    child.Write(output, child._declarations, written, without);
                }
            }
            else
            {
                output.Append(EscapeText((string)item));
            }
        }

        output.Append("</").Append(name).Append('>');
    }

    private static string Qualified(string prefix, string name) => prefix.Length == 0 ? name : $"{prefix}:{name}";

    private static string EscapeText(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal).Replace("\r", "&#xD;", StringComparison.Ordinal);

    private static string EscapeAttribute(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace("\"", "&quot;", StringComparison.Ordinal).Replace("\t", "&#x9;", StringComparison.Ordinal)
            .Replace("\n", "&#xA;", StringComparison.Ordinal).Replace("\r", "&#xD;", StringComparison.Ordinal);
}
