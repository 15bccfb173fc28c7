using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace BlindAI.Attestation.Policy;

/// <summary>Reads JSON (comments and trailing commas allowed) into nodes: no duplicates, no nulls, everything bounded.</summary>
internal ref struct PolicyJson
{
    private static readonly JsonReaderOptions Options = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
        MaxDepth = PolicySizes.MaxDepth,
    };

    private readonly ReadOnlySpan<byte> _utf8;
    private Utf8JsonReader _reader;
    private int _line = 1;
    private int _counted;

    private PolicyJson(ReadOnlySpan<byte> utf8)
    {
        _utf8 = utf8;
        _reader = new Utf8JsonReader(utf8, Options);
    }

    /// <exception cref="AttestationException"><see cref="RejectionCode.PolicyInvalid"/>.</exception>
    public static PolicyNode Parse(ReadOnlySpan<byte> utf8)
    {
        Reject.Unless(utf8.Length <= PolicySizes.MaxFileBytes, RejectionCode.PolicyInvalid,
            $"$ has {utf8.Length} bytes; a policy may have {PolicySizes.MaxFileBytes}.");
        Reject.Unless(!utf8.StartsWith("\uFEFF"u8), RejectionCode.PolicyInvalid, "$ begins with a byte order mark.", "save the file as UTF-8 without one.");
        Reject.Unless(Utf8.IsValid(utf8), RejectionCode.PolicyInvalid, "$ is not UTF-8.", "save the file as UTF-8.");
        var json = new PolicyJson(utf8);
        try
        {
            _ = json._reader.Read();
            var root = json.ReadValue(null, "$");
            _ = json._reader.Read();   // throws when anything but white space and comments follows
            return root;
        }
        catch (JsonException exception)
        {
            throw new AttestationException(RejectionCode.PolicyInvalid,
                string.Create(CultureInfo.InvariantCulture, $"$ (line {exception.LineNumber + 1}) is not JSON of at most {PolicySizes.MaxDepth} levels."),
                "look for a missing comma, quote or bracket there or just before.");
        }
    }

    private PolicyNode ReadValue(PolicyNode? parent, string step)
    {
        CountLines();
        var node = new PolicyNode(parent, step, _line, _reader.TokenType)
        {
            Scalar = _reader.TokenType switch
            {
                JsonTokenType.String => ReadString(parent, step),
                JsonTokenType.Number => System.Text.Encoding.ASCII.GetString(_reader.ValueSpan),
                _ => "",
            },
        };
        switch (_reader.TokenType)
        {
            case JsonTokenType.Null:
                throw node.Invalid("is null", "leave the member out, or say what it demands.");
            case JsonTokenType.StartArray:
                ReadArray(node);
                break;
            case JsonTokenType.StartObject:
                ReadObject(node);
                break;
        }

        return node;
    }

    private void ReadArray(PolicyNode node)
    {
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            RefuseFull(node, node.Items.Count);
            node.Items.Add(ReadValue(node, string.Create(CultureInfo.InvariantCulture, $"[{node.Items.Count}]")));
        }
    }

    private void ReadObject(PolicyNode node)
    {
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            RefuseFull(node, node.Members.Count);
            CountLines();
            var name = ReadString(node, "");
            var step = PolicyNode.StepTo(name);
            if (node.Members.ContainsKey(name))
            {
                throw new PolicyNode(node, step, _line, JsonTokenType.None).Invalid("stands twice", "remove one of the two.");
            }

            _ = _reader.Read();
            node.Members.Add(name, ReadValue(node, step));
        }
    }

    private static void RefuseFull(PolicyNode node, int count)
    {
        if (count == PolicySizes.MaxItems)
        {
            throw node.Invalid($"has more than {PolicySizes.MaxItems} items");
        }
    }

    /// <summary>A string or member name; an escape that is half a surrogate pair is no text.</summary>
    private readonly string ReadString(PolicyNode? parent, string step)
    {
        try
        {
            return _reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new PolicyNode(parent, step, _line, JsonTokenType.None).Invalid("has an escape that is not a character");
        }
    }

    private void CountLines()
    {
        var start = (int)_reader.TokenStartIndex;
        _line += _utf8[_counted..start].Count((byte)'\n');
        _counted = start;
    }
}
